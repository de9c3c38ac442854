import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { openTcp } from "./connection.ts";
import { beginExchange, exchange, type HttpRequest } from "./http_exchange.ts";
import { KeepingAgent } from "./keeping_agent.ts";
import { retryAfterMs } from "./retry_after.ts";

const never = new AbortController().signal;

async function withServer(
  answer: RequestListener,
  body: (url: URL, server: Server) => Promise<void>,
): Promise<void> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // of a TCP server
  try {
    await body(new URL(`http://127.0.0.1:${port}/path?query`), server);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const get = (url: URL): HttpRequest => ({ url, method: "GET", headers: {} });
const open = (url: URL) => openTcp(url.hostname, Number(url.port), never);

test("exchange() asks for compressed answers, and gives them as they were", async () => {
  const codings = { gzip: gzipSync, deflate: deflateSync };
  for (const [coding, encode] of Object.entries(codings)) {
    await withServer((request, response) => {
      assert.equal(request.headers["accept-encoding"], "gzip, deflate");
      response.setHeader("content-encoding", coding).end(encode("the answer"));
    }, async (url) => {
      assert.equal(
        String((await exchange(await open(url), get(url), 100, never)).body),
        "the answer",
      );
    });
  }
});

test("exchange() sends a body that comes bit by bit, and what it ends with", async () => {
  async function* parts(failure?: Error) {
    for (const part of ["one", "two", "three"]) yield new TextEncoder().encode(part);
    if (failure !== undefined) throw failure;
  }
  await withServer((request, response) => void request.pipe(response), async (url) => {
    const request = { ...get(url), method: "POST" };
    const answer = await exchange(await open(url), { ...request, body: parts() }, 100, never);
    assert.equal(String(answer.body), "onetwothree");
    const broken = { ...request, body: parts(new Error("no more")) };
    await assert.rejects(exchange(await open(url), broken, 100, never), /no more/);
  });
});

test("an answer that is followed is not compressed, and comes as it is sent", async () => {
  await withServer((request, response) => {
    assert.equal(request.headers["accept-encoding"], undefined);
    response.write("first");
  }, async (url) => {
    const stop = new AbortController();
    const request = { ...get(url), isFollowed: true };
    const answer = await beginExchange(await open(url), request, never);
    const chunks = answer.chunks(stop.signal);
    assert.equal(String((await chunks.next()).value), "first");
    const next = chunks.next();
    stop.abort(new Error("enough"));
    await assert.rejects(next, /enough/);
    answer.close();
  });
});

test("an agent keeps a connection whose answer was read, and no other", async () => {
  await withServer((request, response) => {
    if (request.url === "/cut") response.socket?.destroy();
    else response.end("all of it");
  }, async (url, server) => {
    let connections = 0;
    server.on("connection", () => connections++);
    const agent = new KeepingAgent((signal) => openTcp(url.hostname, Number(url.port), signal));
    for (let round = 0; round < 3; round++) await exchange(agent, get(url), 100, never);
    assert.equal(connections, 1);
    await assert.rejects(exchange(agent, get(url), 3, never), /larger/);
    await assert.rejects(exchange(agent, get(new URL("/cut", url)), 100, never));
    const before = connections;
    await exchange(agent, get(url), 100, never);
    assert.equal(connections, before + 1);
    agent.destroy();
  });
});

test("retryAfterMs() reads seconds and dates", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const table: [value: string | undefined, ms: number | undefined][] = [
    [undefined, undefined],
    ["3", 3000],
    ["0", 0],
    ["Thu, 01 Jan 2026 00:00:05 GMT", 5000],
    ["Thu, 01 Jan 2020 00:00:00 GMT", 0],
    ["soon", undefined],
  ];
  for (const [value, ms] of table) {
    assert.equal(
      retryAfterMs(value === undefined ? {} : { "retry-after": value }, now),
      ms,
      String(value),
    );
  }
});
