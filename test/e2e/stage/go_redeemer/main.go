// Redeems a token as a Go program does: url, CA file, name and subject are its arguments, the code
// comes on stdin. "http" as the last argument is net/http, as upstream's redeemer is, in a program
// that goes on until the connection is closed; "exit" reads the whole answer over TLS and ends
// without closing it, as a program that is killed.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
)

func main() {
	target, ca, name, subject, mode := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	code, err := io.ReadAll(os.Stdin)
	check(err)
	pem, err := os.ReadFile(ca)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}
	request, err := http.NewRequest(http.MethodPost, target, bytes.NewReader(code))
	check(err)
	request.Header.Add("name", name)
	request.Header.Add("subject", subject)
	if mode == "http" {
		closed := make(chan struct{})
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return &toldConn{Conn: connection, closed: closed}, err
		}
		transport := &http.Transport{TLSClientConfig: config, DialContext: dial}
		client := &http.Client{Transport: transport}
		response, err := client.Do(request)
		check(err)
		body, err := io.ReadAll(response.Body)
		check(err)
		<-closed
		fmt.Printf("HTTP %d\n%s", response.StatusCode, body)
		return
	}
	place, err := url.Parse(target)
	check(err)
	connection, err := tls.Dial("tcp", place.Host, config)
	check(err)
	check(request.Write(connection))
	answer, err := io.ReadAll(connection)
	check(err)
	os.Stdout.Write(answer)
	os.Exit(0)
}

// A connection that tells when this side has closed it; net/http does so in its own time.
type toldConn struct {
	net.Conn
	closed chan struct{}
	once   sync.Once
}

func (connection *toldConn) Close() error {
	err := connection.Conn.Close()
	connection.once.Do(func() { close(connection.closed) })
	return err
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
