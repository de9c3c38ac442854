import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { openThrough } from "./proxy_connection.ts";

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

test("openThrough() asks for the host and carries bytes both ways", async () => {
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
  const tunnel = await openThrough(url, "west.example", 9090, signal);
  let received = "";
  for await (const chunk of tunnel) received += chunk;
  assert.equal(received, "hello");
  assert.match(asked, /^CONNECT west\.example:9090 HTTP\/1\.1\r\n/);
  assert.match(asked, /proxy-authorization: Basic dXNlcjpwQHNz\r\n/i);
  await Promise.all([close(target.server), close(through.server)]);
});

test("openThrough() says how the proxy answered", async () => {
  const { server, port } = await listen((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 407 no\r\nContent-Length: 0\r\n\r\n"));
  });
  await assert.rejects(
    openThrough(new URL(`http://127.0.0.1:${port}`), "a", 1, new AbortController().signal),
    /the proxy 127\.0\.0\.1:\d+ answered 407/,
  );
  await close(server);
});

test("openThrough() ends with the signal", async () => {
  const controller = new AbortController();
  const { server, port } = await listen((socket) => {
    socket.once("data", () => controller.abort(new Error("enough")));
  });
  const url = new URL(`http://127.0.0.1:${port}`);
  await assert.rejects(openThrough(url, "a", 1, controller.signal), /enough/);
  await close(server);
});

test("openThrough() has a socks5 proxy look the name up, and shows it name and password", async () => {
  const heard: string[] = [];
  const answers = [[5, 2], [1, 0], [5, 0, 0, 1, 127, 0, 0, 1, 0, 80]].map(Buffer.from);
  const { server, port } = await listen((socket) => {
    socket.on("data", (data) => {
      heard.push(data.toString("latin1"));
      const answer = answers[heard.length - 1];
      if (answer === undefined) socket.end("hello");
      else socket.write(answer);
    });
  });
  const url = new URL(`socks5://user:p%40ss@127.0.0.1:${port}`);
  const socket = await openThrough(url, "west.example", 443, new AbortController().signal);
  socket.write("who are you?");
  let received = "";
  for await (const chunk of socket) received += chunk;
  assert.equal(received, "hello");
  assert.deepEqual(heard, [
    "\x05\x02\x00\x02",
    "\x01\x04user\x04p@ss",
    "\x05\x01\x00\x03\x0cwest.example\x01\xbb",
    "who are you?",
  ]);
  await close(server);
});
