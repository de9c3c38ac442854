import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import { chooseProxy, openTunnel } from "./proxy.ts";

const proxy = "http://proxy.example:3128";

test("chooseProxy() takes the lower-case variable first, and a bare host for http", () => {
  const url = new URL("https://west.example:9090/uid");
  const choose = (env: Record<string, string>) => chooseProxy(url, env)?.href;
  assert.equal(choose({}), undefined);
  assert.equal(choose({ HTTPS_PROXY: "" }), undefined);
  assert.equal(choose({ HTTPS_PROXY: proxy }), `${proxy}/`);
  assert.equal(choose({ HTTPS_PROXY: "http://other:1", https_proxy: proxy }), `${proxy}/`);
  assert.equal(choose({ HTTPS_PROXY: "proxy.example:3128" }), `${proxy}/`);
  assert.equal(choose({ HTTP_PROXY: proxy }), undefined);
});

test("chooseProxy() takes HTTP_PROXY for http, but not where a client may have sent it", () => {
  const url = new URL("http://west.example");
  const choose = (env: Record<string, string>) => chooseProxy(url, env)?.href;
  assert.equal(choose({ HTTPS_PROXY: proxy }), undefined);
  assert.equal(choose({ HTTP_PROXY: proxy }), `${proxy}/`);
  assert.equal(choose({ HTTP_PROXY: proxy, NO_PROXY: "west.example:80" }), undefined);
  assert.equal(choose({ HTTP_PROXY: proxy, REQUEST_METHOD: "GET" }), undefined);
  assert.equal(choose({ http_proxy: proxy, REQUEST_METHOD: "GET" }), `${proxy}/`);
  assert.throws(() => choose({ HTTP_PROXY: "socks5://p" }), /for HTTP_PROXY/);
});

test("chooseProxy() refuses other kinds of proxy without showing the password", () => {
  assert.throws(
    () =>
      chooseProxy(new URL("https://a.example"), { HTTPS_PROXY: "socks5://user:hunter2@p:1080" }),
    (error) => isAppError(error, "invalid-value") && !error.message.includes("hunter2"),
  );
});

test("chooseProxy() leaves out what NO_PROXY names, and this machine", () => {
  const cases: [url: string, exceptions: string, direct: boolean][] = [
    ["https://west.example", "*", true],
    ["https://west.example", "west.example", true],
    ["https://West.Example", " other , WEST.example ", true],
    ["https://a.west.example", "west.example", true],
    ["https://a.west.example", ".west.example", true],
    ["https://a.west.example", "*.west.example", true],
    ["https://notwest.example", "west.example", false],
    ["https://west.example:9090", "west.example:9090", true],
    ["https://west.example:9090", "west.example:443", false],
    ["https://west.example", "west.example:443", true],
    ["https://10.1.2.3", "10.0.0.0/8", true],
    ["https://11.1.2.3", "10.0.0.0/8", false],
    ["https://10.1.2.3", "10.1.2.3", true],
    ["https://[fd00::1]:9090", "fd00::/8", true],
    ["https://[fe00::1]", "fd00::/8", false],
    ["https://10.1.2.3", "10.0.0.0/99", false],
    ["https://west.example", ",", false],
    ["https://localhost:9090", "", true],
    ["https://127.0.0.1:9090", "", true],
    ["https://[::1]:9090", "", true],
  ];
  for (const [url, exceptions, direct] of cases) {
    const chosen = chooseProxy(new URL(url), { HTTPS_PROXY: proxy, NO_PROXY: exceptions });
    assert.equal(chosen === undefined, direct, `${url} with NO_PROXY=${exceptions}`);
  }
});

async function listen(serve: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as { port: number }).port };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

test("openTunnel() asks for the host and carries bytes both ways", async () => {
  const target = await listen((socket) => socket.end("hello"));
  let asked = "";
  const through = await listen((socket) => {
    socket.once("data", (data) => {
      asked = data.toString();
      const onward = connect(target.port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 ok\r\n\r\n");
        onward.pipe(socket);
      });
    });
  });
  const url = new URL(`http://user:p%40ss@127.0.0.1:${through.port}`);
  const signal = new AbortController().signal;
  const tunnel = await openTunnel(url, "west.example", 9090, signal);
  let received = "";
  for await (const chunk of tunnel) received += chunk;
  assert.equal(received, "hello");
  assert.match(asked, /^CONNECT west\.example:9090 HTTP\/1\.1\r\n/);
  assert.match(asked, /proxy-authorization: Basic dXNlcjpwQHNz\r\n/i);
  await Promise.all([close(target.server), close(through.server)]);
});

test("openTunnel() says how the proxy answered", async () => {
  const { server, port } = await listen((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 407 no\r\nContent-Length: 0\r\n\r\n"));
  });
  await assert.rejects(
    openTunnel(new URL(`http://127.0.0.1:${port}`), "a", 1, new AbortController().signal),
    /the proxy 127\.0\.0\.1:\d+ answered 407/,
  );
  await close(server);
});

test("openTunnel() ends with the signal", async () => {
  const controller = new AbortController();
  const { server, port } = await listen((socket) => {
    socket.once("data", () => controller.abort(new Error("enough")));
  });
  const url = new URL(`http://127.0.0.1:${port}`);
  await assert.rejects(openTunnel(url, "a", 1, controller.signal), /enough/);
  await close(server);
});
