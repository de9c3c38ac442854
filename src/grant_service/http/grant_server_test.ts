import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { after, before, test } from "node:test";
import {
  closed,
  exchange,
  openTcp,
  openTls,
  parseResponse,
  post,
  readToEnd,
} from "../../../test/fakes/raw_client.ts";
import { AddressRanges } from "./address_ranges.ts";
import { type Between, startRelay } from "../../../test/fakes/relay.ts";
import { isAppError } from "../../errors/app_error.ts";
import { createAuthority, loadAuthority } from "../../pki/authority.ts";
import { createKeyPair } from "../../pki/key_pair.ts";
import type { HttpResponse, ReceivedRequest } from "./message.ts";
import {
  type GrantServer,
  type ServerLimits,
  startGrantServer,
  type TlsIdentity,
} from "./grant_server.ts";

let identity: TlsIdentity;

async function makeIdentity(): Promise<TlsIdentity> {
  const pair = await createAuthority("grant server test");
  const authority = await loadAuthority(pair.certificatePem, pair.privateKeyPem);
  const { publicKey, privateKeyPem } = await createKeyPair();
  const hosts = ["localhost", "127.0.0.1"];
  const request = { commonName: "localhost", hosts, publicKey, lifetimeMs: 3_600_000 };
  const { certificatePem } = await authority.signServer(request);
  return { certificatePem, privateKeyPem, caPem: pair.certificatePem };
}

const running: GrantServer[] = [];

before(async () => {
  identity = await makeIdentity();
});

after(async () => {
  await Promise.all(running.map((server) => server.stop()));
});

type Handle = (request: ReceivedRequest) => Promise<HttpResponse> | HttpResponse;

/** A server on a free port, what it was asked, and what became of its answers. */
async function start(
  handle: Handle,
  limits: Partial<ServerLimits> = {},
  proxies: string[] = [],
) {
  const errors: unknown[] = [];
  const deliveries: boolean[] = [];
  let told = () => {};
  const server = await startGrantServer({
    host: "127.0.0.1",
    port: 0,
    identity,
    limits,
    proxies: new AddressRanges(proxies),
    onError: (error) => errors.push(error),
    async handle(request) {
      const response = await handle(request);
      return {
        ...response,
        settle(delivered) {
          deliveries.push(delivered);
          told();
        },
      };
    },
  });
  running.push(server);
  /** Resolves once that many answers are known to be delivered or not. */
  async function settled(count: number): Promise<boolean[]> {
    while (deliveries.length < count) await new Promise<void>((resolve) => told = resolve);
    return deliveries;
  }
  return { server, port: server.port, errors, settled };
}

function echo(request: ReceivedRequest): HttpResponse {
  const { method, path, body } = request;
  return { status: 200, body: `${method} ${path} ${new TextDecoder().decode(body)}` };
}

/** A handler that waits until it is let go, and tells when it was asked. */
function gate(response: HttpResponse) {
  let open = () => {};
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => arrive = resolve);
  const opened = new Promise<void>((resolve) => open = resolve);
  async function handle() {
    arrive();
    await opened;
    return response;
  }
  return { handle, arrived, open: () => open() };
}

test("answers a request with the headers of a closing HTTP/1.1 server", async () => {
  const { port, settled } = await start(echo);
  const response = await exchange(port, identity.caPem, post("/8b2a", "code"));
  assert.equal(response.body, "POST /8b2a code");
  const { date, ...headers } = response.headers;
  assert.ok(!Number.isNaN(Date.parse(date!)));
  assert.deepEqual(headers, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": "15",
    "connection": "close",
  });
  assert.deepEqual(await settled(1), [true]);
});

test("reads a request that arrives byte by byte, and one in chunks", async () => {
  const { port } = await start(echo);
  const request = "POST /8b2a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const response = await exchange(port, identity.caPem, ...request, "4\r\nco", "de\r\n0\r\n\r\n");
  assert.equal(response.body, "POST /8b2a code");
});

test("says 100 Continue to a client that waits for it", async () => {
  const { port } = await start(echo);
  const socket = await openTls(port, identity.caPem);
  socket.write("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  const interim = await new Promise<string>((resolve) =>
    socket.once("data", (b) => resolve(`${b}`))
  );
  assert.equal(interim, "HTTP/1.1 100 Continue\r\n\r\n");
  const response = readToEnd(socket);
  socket.write("code");
  assert.equal(parseResponse(await response).body, "POST /x code");
});

test("takes no second request on a connection", async () => {
  let requests = 0;
  const { port, settled } = await start((request) => {
    requests++;
    return echo(request);
  });
  const response = await exchange(port, identity.caPem, post("/1", "a") + post("/2", "b"));
  assert.equal(response.body, "POST /1 a");
  assert.deepEqual(await settled(1), [true]);
  assert.equal(requests, 1);
});

for (
  const [title, text, status] of [
    ["a malformed request", "HELO\r\n\r\n", 400],
    ["a header too large", `GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`, 431],
    ["a body too large", post("/x", "y".repeat(5000)), 413],
  ] as const
) {
  test(`answers ${title} with ${status}, without a reset`, async () => {
    const { port } = await start(echo);
    const response = await exchange(port, identity.caPem, text);
    assert.equal(response.status, status);
    assert.match(response.body, /\n$/);
  });
}

test("a handler that fails is answered with 500 and told", async () => {
  const failure = new Error("a defect");
  const { port, errors } = await start(() => Promise.reject(failure));
  const response = await exchange(port, identity.caPem, post("/x", "code"));
  assert.deepEqual([response.status, response.body], [500, "Internal error\n"]);
  assert.deepEqual(errors, [failure]);
});

test("speaks neither TLS 1.2 nor HTTP/2 nor plain HTTP", async () => {
  const { port } = await start(echo);
  for (const options of [["-tls1_2"], ["-alpn", "h2"]]) {
    const args = ["s_client", "-connect", `127.0.0.1:${port}`, ...options];
    const openssl = spawn("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    openssl.stdout.on("data", (part) => output += part);
    openssl.stderr.on("data", (part) => output += part);
    await new Promise((resolve) => openssl.once("close", resolve));
    // over a stream, Deno closes without the alert that Bun, which ships, still sends
    assert.match(output, "Deno" in globalThis ? /alert|unexpected eof/ : /alert/);
  }
  const plain = await openTcp(port);
  plain.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await closed(plain);
});

test("a client that is gone is seen, and an answer to it is not delivered", async () => {
  let request: ReceivedRequest | undefined;
  const { handle, arrived, open } = gate({ status: 200, body: "" });
  const { port, settled } = await start((received) => {
    request = received;
    return handle();
  });
  const socket = await openTls(port, identity.caPem);
  socket.write(post("/x", "code"));
  await arrived;
  assert.equal(request!.isConnected(), true);
  socket.destroy();
  while (request!.isConnected()) await new Promise((resolve) => setTimeout(resolve, 5));
  open();
  assert.deepEqual(await settled(1), [false]);
});

test("an answer to a client that never reads is not delivered", async () => {
  const { port, settled } = await start(() => ({ status: 200, body: "x".repeat(3000) }), {
    deliveryMs: 200,
  });
  const socket = await openTls(port, identity.caPem);
  socket.pause();
  socket.write(post("/x", "code"));
  assert.deepEqual(await settled(1), [false]);
  socket.destroy();
});

test("an answer that a killed client had not read is not delivered", async () => {
  const { handle, arrived, open } = gate({ status: 200, body: "x".repeat(3000) });
  const { port, settled } = await start(handle);
  const args = ["s_client", "-quiet", "-connect", `127.0.0.1:${port}`];
  const client = spawn("openssl", args, { stdio: ["pipe", "ignore", "ignore"] });
  client.stdin.write(post("/x", "code"));
  await arrived;
  client.kill("SIGSTOP");
  open();
  // the answer is in the client's kernel by then; killing it unread makes the kernel reset
  await new Promise((resolve) => setTimeout(resolve, 200));
  client.kill("SIGKILL");
  assert.deepEqual(await settled(1), [false]);
});

/** What somebody in between does once the answer has begun to come back, and what that means. */
const betweens: [what: string, between: Between, delivered: boolean][] = [
  ["passes on the client's close", { after: "pass" }, true],
  ["ends with FIN in its place", { after: "fin" }, false],
  ["resets in its place", { after: "reset" }, false],
  ["passes on data of an alert's length, and ends with FIN", { after: "fin", passes: 24 }, false],
  ["cuts the client off from the start of the answer", { after: "fin", cutsAnswerAt: 1 }, false],
];

for (const [what, between, delivered] of betweens) {
  test(`an answer is ${delivered ? "" : "not "}delivered where a proxy ${what}`, async () => {
    const { port, settled } = await start(() => ({ status: 200, body: "x".repeat(3000) }));
    const relay = await startRelay(port, between);
    try {
      const socket = await openTls(relay.port, identity.caPem, { allowHalfOpen: true });
      socket.on("error", () => {});
      socket.resume();
      socket.once("end", () => {
        if (between.passes === undefined) return void socket.end();
        socket.write("xx");
        setTimeout(() => socket.end(), 50);
      });
      socket.write(post("/x", "code"));
      assert.deepEqual(await settled(1), [delivered]);
      socket.destroy();
    } finally {
      await relay.stop();
    }
  });
}

test("an answer that arrives damaged is not delivered: the client closes TLS by another alert", async () => {
  const { port, settled } = await start(() => ({ status: 200, body: "x".repeat(3000) }));
  const relay = await startRelay(port, { after: "pass", spoilsAnswer: true });
  try {
    const args = ["s_client", "-quiet", "-connect", `127.0.0.1:${relay.port}`];
    const client = spawn("openssl", args, { stdio: ["pipe", "ignore", "ignore"] });
    client.stdin.write(post("/x", "code"));
    assert.deepEqual(await settled(1), [false]);
    client.kill();
  } finally {
    await relay.stop();
  }
});

test("a close that comes when a client's time may be over is no receipt", async () => {
  const { port, settled } = await start(() => ({ status: 200, body: "credentials" }), {
    receiptMs: 50,
  });
  const socket = await openTls(port, identity.caPem, { allowHalfOpen: true });
  socket.write(post("/x", "code"));
  await new Promise((resolve) => socket.resume().once("end", resolve));
  setTimeout(() => socket.end(), 100);
  assert.deepEqual(await settled(1), [false]);
});

test("connections that send nothing, or nothing whole, end at their time limit", async () => {
  const { port } = await start(echo, { silentMs: 150, headerMs: 150, requestMs: 300 });
  const silent = await openTcp(port);
  const shaken = await openTls(port, identity.caPem);
  const slowHeader = await openTls(port, identity.caPem);
  const slowBody = await openTls(port, identity.caPem);
  const drip = setInterval(() => slowHeader.write("x"), 20);
  slowHeader.write("POST / HTTP/1.1\r\nHost: x\r\n");
  slowBody.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nco");
  const answers = Promise.all([readToEnd(slowHeader), readToEnd(slowBody)]);
  await Promise.all([closed(silent), closed(shaken)]);
  const statuses = (await answers).map((text) => parseResponse(text).status);
  clearInterval(drip);
  assert.deepEqual(statuses, [408, 408]);
});

test("a request whose handling takes too long is answered, and its answer not delivered", async () => {
  const { handle, open } = gate({ status: 200, body: "credentials" });
  const { port, settled } = await start(handle, { requestMs: 200 });
  const response = await exchange(port, identity.caPem, post("/x", "code"));
  assert.equal(response.status, 503);
  open();
  assert.deepEqual(await settled(1), [false]);
});

/** Opens a connection that has begun to speak, and says no more. */
async function openSlow(port: number, from?: string) {
  const socket = await openTcp(port, from);
  socket.on("error", () => {});
  socket.write("\x16");
  return socket;
}

test("300 silent connections lock nobody out", async () => {
  const { port } = await start(echo, { silentMs: 60_000, waiting: 200 });
  const sockets = await Promise.all(Array.from({ length: 300 }, () => openTcp(port)));
  let open = sockets.length;
  const ends = sockets.map((socket) => closed(socket).then(() => open--));
  const response = await exchange(port, identity.caPem, post("/x", "code"));
  assert.equal(response.body, "POST /x code");
  while (open > 199) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(open, 199, "the 200 that may wait, without the one that made room");
  for (const socket of sockets) socket.destroy();
  await Promise.all(ends);
});

test("a full server ends the oldest idle connection, and none whose request has arrived", async () => {
  const { handle, arrived, open } = gate({ status: 200, body: "at last" });
  const limits = { connections: 2, undisturbedMs: 0, headerMs: 60_000 };
  const { port, settled } = await start(handle, limits);
  const inFlight = exchange(port, identity.caPem, post("/1", "code"));
  await arrived;
  const slow = await openSlow(port);
  const second = exchange(port, identity.caPem, post("/2", "code"));
  await closed(slow);
  open();
  assert.deepEqual([(await inFlight).body, (await second).body], ["at last", "at last"]);
  assert.deepEqual(await settled(2), [true, true]);
});

test("a full server without an idle connection lets one more wait for its turn", async () => {
  const { handle, arrived, open } = gate({ status: 200, body: "at last" });
  const { port } = await start(handle, { connections: 1, waiting: 2 });
  const inFlight = exchange(port, identity.caPem, post("/1", "code"));
  await arrived;
  const second = exchange(port, identity.caPem, post("/2", "code"));
  // its first words have come by then; those that say nothing do not push it out
  await new Promise((resolve) => setTimeout(resolve, 200));
  const silent = await Promise.all(Array.from({ length: 5 }, () => openTcp(port)));
  await Promise.all(silent.slice(0, 4).map(closed));
  open();
  assert.deepEqual([(await inFlight).body, (await second).body], ["at last", "at last"]);
  for (const socket of silent) socket.destroy();
});

test("a full server cuts no idle connection before it has had its time", async () => {
  const { port } = await start(echo, { connections: 2, undisturbedMs: 60_000 });
  const first = [await openTls(port, identity.caPem), await openTls(port, identity.caPem)];
  const third = exchange(port, identity.caPem, post("/3", "code"));
  for (const socket of first) {
    const response = readToEnd(socket);
    socket.write(post("/x", "code"));
    assert.equal(parseResponse(await response).body, "POST /x code");
  }
  assert.equal((await third).body, "POST /3 code");
});

test("a flood from one network cuts its own idle connections, and nobody else's", async () => {
  const limits = { connections: 8, undisturbedMs: 0, headerMs: 60_000 };
  const { port } = await start(echo, limits);
  const victim = await openTls(port, identity.caPem);
  const flood = [];
  for (let count = 0; count < 40; count++) flood.push(await openSlow(port, "127.0.0.2"));
  const response = readToEnd(victim);
  victim.write(post("/x", "code"));
  assert.equal(parseResponse(await response).body, "POST /x code");
  for (const socket of flood) socket.destroy();
});

test("a flood from many addresses side by side cuts its own, and not the one that came first", async () => {
  const limits = { connections: 8, undisturbedMs: 0, headerMs: 60_000 };
  const { port } = await start(echo, limits);
  const victim = await openTls(port, identity.caPem);
  const flood = [];
  for (let count = 0; count < 40; count++) flood.push(await openSlow(port, `127.9.${count}.1`));
  const response = readToEnd(victim);
  victim.write(post("/x", "code"));
  assert.equal(parseResponse(await response).body, "POST /x code");
  for (const socket of flood) socket.destroy();
});

test("a proxy that is trusted announces its client, and nobody else does", async () => {
  const told: string[] = [];
  const { port } = await start(
    (request) => {
      told.push(request.address);
      return { status: 200, body: "" };
    },
    {},
    ["127.0.0.2"],
  );
  async function ask(from: string, header: string): Promise<string> {
    const raw = await openTcp(port, from);
    raw.on("error", () => {});
    raw.write(header);
    const socket = await openTls(port, identity.caPem, { socket: raw });
    const response = readToEnd(socket);
    socket.write(post("/x", "code"));
    return await response;
  }
  const header = "PROXY TCP4 192.0.2.77 127.0.0.1 40000 9090\r\n";
  assert.match(await ask("127.0.0.2", header), /^HTTP\/1.1 200/);
  assert.match(await ask("127.0.0.1", ""), /^HTTP\/1.1 200/);
  assert.deepEqual(told, ["192.0.2.77", "127.0.0.1"]);
  await assert.rejects(ask("127.0.0.1", header));
  await assert.rejects(ask("127.0.0.2", ""));
  assert.equal(told.length, 2);
});

test("what waits for news is cut before what is handled", async () => {
  let cut: ReceivedRequest | undefined;
  const { port } = await start(async (request) => {
    if (request.path === "/waits") {
      cut = request;
      request.setAside(true);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    return { status: 200, body: request.path };
  }, { undisturbedMs: 0, connections: 1 });
  const waiting = await openTls(port, identity.caPem);
  waiting.write(post("/waits", "code"));
  while (cut === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((await exchange(port, identity.caPem, post("/x", "code"))).body, "/x");
  await closed(waiting);
  assert.equal(cut.isConnected(), false);
});

test("an identity can be replaced while requests are in flight", async () => {
  const { handle, arrived, open } = gate({ status: 200, body: "from before" });
  const { server, port, settled } = await start(handle);
  const inFlight = exchange(port, identity.caPem, post("/x", "code"));
  await arrived;
  const next = await makeIdentity();
  server.replaceIdentity(next);
  await assert.rejects(exchange(port, identity.caPem, post("/x", "code")));
  open();
  const [before, after] = await Promise.all([
    inFlight,
    exchange(port, next.caPem, post("/x", "code")),
  ]);
  assert.deepEqual([before.body, after.body], ["from before", "from before"]);
  assert.deepEqual(await settled(2), [true, true]);
});

test("stop() finishes what is in flight, takes nothing new and waits for no idler", async () => {
  const { handle, arrived, open } = gate({ status: 200, body: "the last one" });
  const { server, port, settled } = await start(handle);
  const idle = await openTcp(port);
  const inFlight = exchange(port, identity.caPem, post("/x", "code"));
  await arrived;
  const stopped = server.stop();
  await assert.rejects(openTcp(port));
  open();
  assert.equal((await inFlight).body, "the last one");
  await Promise.all([stopped, closed(idle)]);
  assert.deepEqual(await settled(1), [true]);
});

test("a port in use is told as such", async () => {
  const { port } = await start(echo);
  await assert.rejects(
    startGrantServer({ host: "127.0.0.1", port, identity, handle: () => Promise.reject() }),
    (error) => isAppError(error, "port-in-use"),
  );
});

test("answers curl", async () => {
  const { port, settled } = await start(echo);
  const args = ["-sS", "--insecure", "--data", "code", `https://127.0.0.1:${port}/8b2a`];
  const curl = spawn("curl", args, { stdio: ["ignore", "pipe", "inherit"], env: process.env });
  let output = "";
  curl.stdout.on("data", (part) => output += part);
  await new Promise((resolve) => curl.once("close", resolve));
  assert.equal(output, "POST /8b2a code");
  assert.deepEqual(await settled(1), [true]);
});
