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

test("openThrough() tells a proxy that is none, or that switches protocols", async () => {
  const table = [
    ["SSH-2.0-OpenSSH_9.2p1\r\n", /the proxy 127\.0\.0\.1:\d+ does not speak HTTP/],
    ["HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", /answered 101/],
  ] as const;
  for (const [words, wanted] of table) {
    const { server, port } = await listen((socket) => {
      socket.once("data", () => socket.end(words));
    });
    const url = new URL(`http://127.0.0.1:${port}`);
    await assert.rejects(openThrough(url, "a", 1, new AbortController().signal), wanted);
    await close(server);
  }
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

test("openThrough() says what a socks5 proxy answers, and shows no password", async () => {
  const signal = new AbortController().signal;
  const greeting = [5, 0];
  const table: [answers: number[][], wanted: RegExp][] = [
    [[greeting, [5, 2, 0, 1, 0, 0, 0, 0, 0, 0]], /not connect to west\.example: its rules do not/],
    [[greeting, [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], /west\.example: the connection was refused$/],
    [[greeting, [5, 6, 0, 1, 0, 0, 0, 0, 0, 0]], /west\.example: reply TTLExpired$/],
    [[[5, 0xff]], /does not accept its credentials$/],
    [[[5, 2], [1, 1]], /does not accept its credentials$/],
    [[[...Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")]], /does not speak SOCKS5$/],
    [[[5]], /^Error: closed$/],
  ];
  for (const [answers, wanted] of table) {
    const left = [...answers];
    const { server, port } = await listen((socket) => {
      socket.on("data", () => {
        const answer = Buffer.from(left.shift()!);
        if (left.length === 0) socket.end(answer);
        else socket.write(answer);
      });
    });
    const url = new URL(`socks5://user:p%40ss@127.0.0.1:${port}`);
    await assert.rejects(openThrough(url, "west.example", 443, signal), (error: Error) => {
      assert.match(String(error), wanted);
      assert.ok(!JSON.stringify([error, error.cause, String(error)]).includes("p@ss"));
      return true;
    });
    await close(server);
  }
});

test("openThrough() ends with the signal whatever a proxy leaves open", async () => {
  const halfWords = {
    http: ["", "HTTP/1.1 200", "HTTP/1.1 101 Switching Protocols\r\n"],
    socks5: ["", "\x05", "\x05\x00\x05\x00\x00\x03\x40"],
  };
  for (const [kind, texts] of Object.entries(halfWords)) {
    for (const words of texts) {
      const controller = new AbortController();
      let left: () => void;
      const isLeft = new Promise<void>((resolve) => left = resolve);
      const { server, port } = await listen((socket) => {
        socket.on("close", () => left());
        socket.once("data", () => {
          socket.write(Buffer.from(words, "latin1"));
          setTimeout(() => controller.abort(new Error("enough")), 10);
        });
      });
      const url = new URL(`${kind}://127.0.0.1:${port}`);
      await assert.rejects(openThrough(url, "west.example", 443, controller.signal), /enough/);
      await isLeft;
      await close(server);
    }
  }
});
