import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import type { Message } from "rhea";
import type { ManagementAddress } from "../../platforms/resource_files/router/management_address.ts";
import { openRouter, RouterNotOpened } from "../../platforms/resource_files/router/open_router.ts";
import { AppError } from "../../src/errors/app_error.ts";
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts";
import { createKeyPair } from "../../src/pki/key_pair.ts";
import type { Entity } from "../../src/router/entity.ts";
import { RouterManagement } from "../../src/router/management.ts";
import { speakAmqp } from "../fakes/router/amqp_peer.ts";

const made = await createAuthority("local");
const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
const router = await certificate(["127.0.0.1"]);
const client = await certificate(undefined);

async function certificate(hosts: string[] | undefined) {
  const { publicKey, privateKeyPem } = await createKeyPair();
  const request = { commonName: "any", publicKey, lifetimeMs: 86_400_000 };
  const { certificatePem } = hosts === undefined
    ? await authority.signClient(request)
    : await authority.signServer({ ...request, hosts });
  return { cert: certificatePem, key: privateKeyPem };
}

/** Asks what does that to each of its clients for its connectors, and sees that none stays. */
async function askAt(
  hostility: (socket: TLSSocket) => void,
  signal = new AbortController().signal,
): Promise<Entity[]> {
  const sockets = new Set<Socket>();
  const server = createServer({
    ...router,
    ca: made.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  }, hostility);
  server.on("connection", (socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("secureConnection", (socket) => socket.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server's
  const address: ManagementAddress = {
    host: "127.0.0.1",
    port,
    ca: made.certificatePem,
    ...client,
  };
  try {
    const conversation = await openRouter(address, signal);
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
      return await new RouterManagement(conversation).query("connector", limited);
    } finally {
      await conversation.close();
    }
  } finally {
    while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    server.close();
  }
}

/** How long the slowest of these may take to answer, in milliseconds. */
const answerMs = 5000;

const sasl = Buffer.from("AMQP\x03\x01\x00\x00", "latin1");
const say = (bytes: Buffer | string) => (socket: TLSSocket) => void socket.write(bytes);

const noAmqp: [string, (socket: TLSSocket) => void][] = [
  ["says nothing", () => {}],
  ["closes", (socket) => void socket.end()],
  ["resets", (socket) => void socket.destroy()],
  ["speaks HTTP", say("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ["speaks AMQP without SASL", say("AMQP\x00\x01\x00\x00")],
  ["speaks another version", say("AMQP\x03\x02\x00\x00")],
  ["says its header and stops", say(sasl)],
  ["sends a frame of no bytes", say(Buffer.concat([sasl, Buffer.alloc(64)]))],
  ["sends a frame shorter than its header", say(Buffer.concat([sasl, frame(5, [1, 2, 3, 4])]))],
  ["announces a frame of 4 GB", say(Buffer.concat([sasl, Buffer.alloc(8, 0xff)]))],
  ["sends a frame of noise", say(Buffer.concat([sasl, frame(40, new Array(36).fill(0xa5))]))],
  ["offers PLAIN alone", say(Buffer.concat([sasl, mechanisms("PLAIN")]))],
  ["refuses EXTERNAL", say(Buffer.concat([sasl, mechanisms("EXTERNAL"), outcome(1)]))],
];

function frame(size: number, rest: number[]): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(size);
  return Buffer.concat([head, Buffer.from(rest)]);
}

function mechanisms(name: string): Buffer {
  const symbol = [0xa3, name.length, ...Buffer.from(name)];
  const body = [2, 1, 0, 0, 0, 0x53, 0x40, 0xc0, symbol.length + 1, 1, ...symbol];
  return frame(body.length + 4, body);
}

function outcome(code: number): Buffer {
  const body = [2, 1, 0, 0, 0, 0x53, 0x44, 0xc0, 3, 1, 0x50, code];
  return frame(body.length + 4, body);
}

for (const [what, hostility] of noAmqp) {
  test(`what ${what} is no router, and is given up`, async () => {
    await assert.rejects(askAt(hostility), (error) => error instanceof RouterNotOpened);
  });
}

/** Answers each request so. */
function answering(answer: (message: Message) => unknown) {
  return (socket: TLSSocket) =>
    speakAmqp(socket, "west-1", {
      opened: () => {},
      closed: () => {},
      ask: (message) => answer(message) as Message | "unroutable" | undefined,
    });
}

const done = { statusCode: 200, statusDescription: "OK" };
const table = (attributeNames: unknown, results: unknown) => ({
  application_properties: done,
  body: { attributeNames, results },
});

const wrongAnswers: [string, unknown, RegExp][] = [
  ["has no status", { body: {} }, /connector can't be used: it has no status/],
  [
    "has text for a status",
    { application_properties: { statusCode: "200" }, body: {} },
    /it has no status/,
  ],
  [
    "is a refusal",
    { application_properties: { statusCode: 401, statusDescription: "\u001b[2Jno" }, body: {} },
    /refuses to list connector: .*no \(401\)/,
  ],
  [
    "is a refusal of many words",
    { application_properties: { statusCode: 500, statusDescription: "x".repeat(99_999) }, body: 1 },
    /^.{300,400}$/,
  ],
  ["has no body", { application_properties: done }, /it is no list of entities/],
  [
    "has a body of text",
    { application_properties: done, body: "connector" },
    /no list of entities/,
  ],
  ["has names of numbers", table([1, 2], []), /no list of entities/],
  ["has entities of text", table(["name"], ["west"]), /no list of entities/],
  ["is taken by nobody", "unroutable", /nobody takes a request/],
];

for (const [what, answer, message] of wrongAnswers) {
  test(`an answer that ${what} is told with its reason`, async () => {
    await assert.rejects(askAt(answering(() => answer)), (error) => {
      assert.ok(
        error instanceof Error && (error instanceof AppError || what.startsWith("is taken")),
      );
      assert.match(error.message, message);
      return true;
    });
  });
}

test("ten thousand entities are read, with attributes of any name and type", async () => {
  const results = Array.from({ length: 10_000 }, (_, index) => [`link-${index}`, index, null, {}]);
  const names = ["name", "__proto__", "host", "constructor"];
  const entities = await askAt(answering(() => table(names, results)));
  assert.equal(entities.length, 10_000);
  assert.deepEqual(Object.entries(entities[9999]!), [
    ["name", "link-9999"],
    ["__proto__", 9999],
    ["constructor", {}],
  ]);
});

test("an entity with fewer values than names, or more, is read as far as it goes", async () => {
  const entities = await askAt(
    answering(() => table(["name", "cost"], [["west"], ["east", 1, 2]])),
  );
  assert.deepEqual(entities.map((entity) => ({ ...entity })), [
    { name: "west" },
    { name: "east", cost: 1 },
  ]);
});

test("an answer to nobody's question is passed over", async () => {
  const answer = answering(() => ({ ...table(["name"], []), correlation_id: 7 }));
  assert.deepEqual(await askAt(answer), []);
});

test("a router that does not answer keeps nobody beyond the signal", async () => {
  const stop = new AbortController();
  const asked = answering(() => {
    stop.abort(new Error("stopped"));
    return undefined;
  });
  await assert.rejects(askAt(asked, stop.signal), /stopped/);
});

test("a router that ends the connection when asked is told so", async () => {
  let peer: TLSSocket | undefined;
  const closing = answering(() => {
    peer?.destroy();
    return undefined;
  });
  const asked = (socket: TLSSocket) => {
    peer = socket;
    closing(socket);
  };
  await assert.rejects(askAt(asked), { code: "ECONNRESET" });
});

test("a router that talks without end is given up", async () => {
  const flooding = (socket: TLSSocket) => {
    answering(() => {
      const empty = Buffer.concat(new Array(8192).fill(frame(8, [2, 0, 0, 0])));
      const flood = () => {
        while (!socket.destroyed && socket.write(empty));
      };
      socket.on("drain", flood);
      flood();
      return undefined;
    })(socket);
  };
  await assert.rejects(askAt(flooding), /answers too much|closed|timed out|due to timeout/);
});
