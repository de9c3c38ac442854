import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { canaryCode, type GrantFields, openGrantSite } from "../../test/fakes/grant_site.ts";
import { exchange, openTls, post, type RawResponse } from "../../test/fakes/raw_client.ts";
import { type AppError, appError } from "../errors/app_error.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import { createRequest } from "../pki/request.ts";
import { readResources } from "../resources/yaml.ts";
import { auditTo } from "./audit_chain.ts";
import type { GrantBacking } from "./ledger/backing.ts";
import { GrantBook } from "./grant_book.ts";
import type { HttpResponse } from "./http/message.ts";
import { createMetrics } from "./metrics.ts";
import { redeemHandler } from "./redeem_handler.ts";
import { type ServerLimits, startGrantServer } from "./http/grant_server.ts";
import { obtainServiceIdentity } from "./service_identity.ts";

interface Service {
  site: Awaited<ReturnType<typeof openGrantSite>>;
  book: GrantBook;
  /** Lines of the audit. */
  audited: string[];
  errors: unknown[];
  metrics: ReturnType<typeof createMetrics>;
  port: number;
  ca: string;
  /** Adds a grant and returns its uid. */
  addGrant(fields?: GrantFields): Promise<string>;
  send(...pieces: string[]): Promise<RawResponse>;
  redeem(uid: string, code?: string, headers?: Record<string, string>): Promise<RawResponse>;
  probe(uid: string, code?: string): Promise<RawResponse>;
  /** Redeems as if from that address. */
  ask(address: string, uid: string, code?: string): Promise<HttpResponse>;
}

/** Runs `use` on a service that listens on a real port, and looks for secrets in what it logged. */
async function withService(
  use: (service: Service) => Promise<void>,
  options: { backing?: Partial<GrantBacking>; limits?: Partial<ServerLimits> } = {},
): Promise<void> {
  const { backing, limits = {} } = options;
  const site = await openGrantSite(backing);
  const now = () => site.clock.now;
  const book = new GrantBook({ now });
  const metrics = createMetrics();
  const audited: string[] = [];
  const errors: unknown[] = [];
  const stored = new Map<string, string>();
  const store = {
    read: (name: string) => Promise.resolve(stored.get(name)),
    write: (name: string, text: string) => (stored.set(name, text), Promise.resolve(text)),
  };
  const identity = await obtainServiceIdentity(store, ["localhost"]);
  const onError = (error: unknown) => void errors.push(error);
  const audit = auditTo((line) => audited.push(line), now);
  const handle = redeemHandler({ book, audit, metrics, onError, now });
  const server = await startGrantServer({ host: "127.0.0.1", port: 0, identity, handle, limits });
  const { port } = server;
  const ca = identity.caPem;
  const send = (...pieces: string[]) => exchange(port, ca, ...pieces);
  const redeem: Service["redeem"] = (uid, code = canaryCode, headers = {}) =>
    send(post(`/${uid}`, code, { name: "east", subject: "east-uid", ...headers }));
  const probe: Service["probe"] = (uid, code = canaryCode) =>
    send(`GET /${uid} HTTP/1.1\r\nHost: x\r\ncode: ${code}\r\n\r\n`);
  async function ask(address: string, uid: string, code = canaryCode) {
    const headers = new Map([["name", `east-${address}`]]);
    const body = Buffer.from(code);
    const path = `/${uid}`;
    const request = {
      method: "POST",
      path,
      headers,
      body,
      address,
      isConnected: () => true,
      setAside: () => {},
    };
    const response = await handle(request);
    response.settle?.(true);
    return { ...response, headers: response.headers ?? {} };
  }
  async function addGrant(fields: GrantFields = {}) {
    const grant = site.grant({ name: `grant-${crypto.randomUUID()}`, ...fields });
    await book.upsert(grant, site.backing);
    return grant.metadata.uid!;
  }
  const facts = { site, book, audited, errors, metrics, port, ca };
  const service = { ...facts, addGrant, send, redeem, probe, ask };
  try {
    await use(service);
  } finally {
    await server.stop();
    await book.close();
  }
  const logged = [...audited, ...errors.map(String), await metrics.render()].join("\n");
  assert.ok(!logged.includes(canaryCode), "the code was logged");
  assert.ok(!logged.includes("PRIVATE KEY"), "a key was logged");
}

function events(service: Service): string[] {
  return service.audited.map((line) => JSON.parse(line).event);
}

function serials(service: Service): string[] {
  return service.audited.map((line) => JSON.parse(line).serial).filter(Boolean);
}

/** Status, body and reason: what a client can go by. */
function summary({ status, body, headers }: RawResponse) {
  return [status, body, headers.reason];
}

test("a redemption is answered with upstream's stream of a Secret and a Link", () =>
  withService(async (service) => {
    const uid = await service.addGrant({ name: "west-6bfn6" });
    const response = await service.redeem(uid);
    assert.equal(response.status, 200);
    assert.equal(response.headers["content-type"], "application/yaml");
    assert.ok(response.body.startsWith("---\n"));
    const kinds = readResources(response.body, "answer").map(({ kind }) => kind);
    assert.deepEqual(kinds, ["Secret", "Link"]);
    const { time, address, serial, seq: _, previous: __, ...event } = JSON.parse(
      service.audited[0]!,
    );
    assert.deepEqual(event, {
      event: "redeemed",
      namespace: "west",
      grant: "west-6bfn6",
      uid,
      name: "east",
      subject: "east-uid",
    });
    assert.equal(time, "2026-11-22T12:00:00.000Z");
    assert.equal(address, "127.0.0.1");
    assert.match(serial, /^[0-9a-f]{32}$/);
  }));

test("every refusal has upstream's status and words, and a reason for the holder of the code", () =>
  withService(async (service) => {
    const { redeem, send, addGrant, book, site } = service;
    const open = await addGrant();
    const usedUp = await addGrant();
    const expired = await addGrant({ status: { expirationTime: "2026-11-22T11:59:59Z" } });
    const revoked = await addGrant({ name: "taken-away" });
    const corrupted = await addGrant({ status: { expirationTime: "soon" } });
    await redeem(usedUp);
    await book.remove("west", "taken-away");
    const gone = "No such claim\n";

    assert.deepEqual(summary(await send(`PUT /${open} HTTP/1.1\r\nHost: x\r\n\r\n`)), [
      405,
      "Only POST is supported\n",
      undefined,
    ]);
    for (const ask of [redeem, service.probe]) {
      assert.deepEqual(summary(await ask(usedUp)), [404, "No such access granted\n", "used-up"]);
      assert.deepEqual(summary(await ask(expired)), [404, gone, "expired"]);
      assert.deepEqual(summary(await ask(revoked)), [404, gone, "revoked"]);
      assert.deepEqual(summary(await ask(corrupted)), [500, "Corrupted claim\n", undefined]);
      const refused = "Redemption of access token refused\n";
      assert.deepEqual(summary(await ask(open, "wrong")), [403, refused, undefined]);
      const unknown = crypto.randomUUID();
      assert.deepEqual(summary(await ask(unknown)), [404, gone, undefined]);
      const lookAlike = await ask(unknown, "wrong");
      for (const uid of [usedUp, expired, revoked, ""]) {
        const { text, headers } = await ask(uid, "wrong");
        assert.equal(text, lookAlike.text.replace(lookAlike.headers.date!, headers.date!));
      }
    }
    assert.equal((await site.ledgers.list()).length, 2);
  }));

for (
  const [title, headers, words] of [
    ["a name with capitals", { name: "East" }, /Header name must be/],
    ["a name of dots", { name: "../../etc/x" }, /Header name must be/],
    ["a name too long", { name: "a".repeat(254) }, /Header name must be/],
    ["a subject too long", { subject: "a".repeat(65) }, /Header subject must be/],
    ["a subject that can't be printed", { subject: "\xe9\x80" }, /Header subject must be/],
    ["a csr that is not base64", { csr: "no csr!" }, /Header csr must be base64/],
    ["a csr that is none", { csr: "aGVsbG8=" }, /Header csr not valid: the certificate request/],
  ] as const
) {
  test(`${title} is answered with 400 and costs no use`, () =>
    withService(async ({ addGrant, redeem, book }) => {
      const uid = await addGrant();
      const response = await redeem(uid, canaryCode, headers);
      assert.equal(response.status, 400);
      assert.match(response.body, words);
      assert.equal(await book.usesSpent(uid), 0);
    }));
}

const failures: [AppError, number, string][] = [
  [
    appError("site-missing", { namespace: "west", purpose: "redeem" }),
    500,
    "Site not yet defined for west\n",
  ],
  [
    appError("site-issuer-missing", { namespace: "west", issuer: "ca", why: "does not exist" }),
    500,
    "Could not get issuer for requested certificate\n",
  ],
  [
    appError("site-edge", { site: "west" }),
    500,
    "Edge sites cannot accept incoming links from remote sites\n",
  ],
  [appError("no-endpoints", { namespace: "west" }), 500, "No valid endpoints found for site\n"],
  [appError("unreachable", { url: "https://api", why: "down" }), 503, "Internal error\n"],
];

for (const [failure, status, body] of failures) {
  test(`${failure.code} is answered with ${status} and costs no use`, () =>
    withService(async ({ addGrant, redeem, book, errors }) => {
      const uid = await addGrant();
      assert.deepEqual(summary(await redeem(uid)), [status, body, undefined]);
      assert.equal(await book.usesSpent(uid), 0);
      assert.equal(errors.length, status === 503 ? 1 : 0);
    }, { backing: { endpoints: () => Promise.reject(failure) } }));
}

test("a ledger that can't be written is answered with 503 and costs no use", () =>
  withService(async ({ addGrant, redeem, site, errors }) => {
    const uid = await addGrant();
    site.ledgers.trouble.before = (call) => {
      if (call === "write") throw new Error("disk full");
    };
    assert.deepEqual(summary(await redeem(uid)), [503, "Internal error\n", undefined]);
    site.ledgers.trouble = {};
    assert.equal((await redeem(uid)).status, 200);
    assert.equal(errors.length, 1);
  }));

test("the key is the path without its slashes", () =>
  withService(async ({ addGrant, send }) => {
    const uid = await addGrant();
    const path = `//${uid.slice(0, 8)}/${uid.slice(8)}/`;
    assert.equal((await send(post(path, canaryCode))).status, 200);
  }));

test("a probe tells a holder of the code uses and expiry", () =>
  withService(async ({ addGrant, probe, redeem }) => {
    const uid = await addGrant({ uses: 2 });
    await redeem(uid);
    const [state] = readResources((await probe(uid)).body, "probe");
    assert.deepEqual(state, { usesLeft: 1, expires: "2026-11-22T12:15:00.000Z" });
  }));

test("a delivered answer is not given again, and an undelivered one is", () =>
  withService(async (service) => {
    const { addGrant, redeem, port, ca } = service;
    const uid = await addGrant();
    const request = post(`/${uid}`, canaryCode, { name: "east", subject: "east-uid" });
    const socket = await openTls(port, ca, { allowHalfOpen: true });
    socket.write(request);
    await new Promise((resolve) => socket.resume().once("end", resolve));
    // it has read all, but does not say so by closing
    const again = await redeem(uid);
    assert.equal(again.status, 200);
    assert.equal((await redeem(uid)).headers.reason, "used-up");
    assert.deepEqual(events(service), ["redeemed", "undelivered", "repeated", "refused"]);
    assert.equal(new Set(serials(service)).size, 1);
    socket.destroy();
  }, { limits: { deliveryMs: 100 } }));

test("a client's own key gets a certificate without a key, as often as it asks", () =>
  withService(async (service) => {
    const { addGrant, redeem } = service;
    const uid = await addGrant();
    const request = await createRequest(await createKeyPair(), "east-uid");
    const csr = Buffer.from(request).toString("base64");
    for (const _ of [1, 2]) {
      const { status, body } = await redeem(uid, canaryCode, { csr });
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(readResources(body, "answer")[0]!.data as object), [
        "ca.crt",
        "tls.crt",
      ]);
    }
    assert.equal((await redeem(uid)).headers.reason, "used-up");
    assert.deepEqual(events(service), ["redeemed", "repeated", "refused"]);
    assert.equal(new Set(serials(service)).size, 1);
  }));

test("answers curl as upstream's service does", () =>
  withService(async ({ addGrant, port, ca }) => {
    const uid = await addGrant();
    const folder = await mkdtemp(join(tmpdir(), "redeem-handler-"));
    try {
      await writeFile(join(folder, "ca.crt"), ca);
      const url = `https://localhost:${port}/${uid}`;
      const args = ["-sS", "--cacert", join(folder, "ca.crt"), "--noproxy", "*"];
      const headers = ["-H", "name: east", "-H", "subject: east-uid", "-H", "Content-Type:"];
      const body = ["--data", canaryCode, "--resolve", `localhost:${port}:127.0.0.1`];
      const curl = spawn("curl", [...args, ...headers, ...body, url], { stdio: "pipe" });
      let output = "";
      curl.stdout.on("data", (part) => output += part);
      await new Promise((resolve) => curl.once("close", resolve));
      assert.match(output, /^---\napiVersion: v1\nkind: Secret\n/);
    } finally {
      await rm(folder, { recursive: true });
    }
  }));

test("an address that sends wrong codes is slowed down, and the right code never is", () =>
  withService(async ({ addGrant, ask, site }) => {
    const uid = await addGrant({ uses: 4 });
    for (let count = 0; count < 30; count++) {
      assert.equal((await ask("192.0.2.1", uid, "wrong")).status, 403);
    }
    const { status, headers } = await ask("192.0.2.1", uid, "wrong");
    assert.deepEqual([status, headers], [429, { "Retry-After": "2" }]);
    assert.equal((await ask("192.0.2.1", uid)).status, 200);
    assert.equal((await ask("192.0.2.2", uid)).status, 200);
    assert.equal((await ask("192.0.2.1", uid, "wrong")).status, 429);
    site.clock.now += 2000;
    assert.equal((await ask("192.0.2.1", uid, "wrong")).status, 403);
  }));

test("unknown grants asked for from an address keep no holder there out", () =>
  withService(async ({ addGrant, ask }) => {
    const uid = await addGrant({ uses: 2 });
    const statuses = new Set<number>();
    for (let count = 0; count < 100; count++) {
      statuses.add((await ask("192.0.2.1", "no-such-grant", "wrong")).status);
    }
    assert.deepEqual([...statuses], [404, 429]);
    assert.equal((await ask("192.0.2.1", uid)).status, 200);
  }));

test("the right code is never locked out by wrong ones from elsewhere", () =>
  withService(async ({ addGrant, ask }) => {
    const uid = await addGrant();
    const statuses = new Set<number>();
    for (let number = 0; number < 200; number++) {
      statuses.add((await ask(`192.0.2.${number}`, uid, "wrong")).status);
    }
    assert.deepEqual([...statuses], [403, 429]);
    assert.equal((await ask("192.0.2.250", uid)).status, 200);
  }));

test("parallel clients get as many credentials as there are uses, over the wire", () =>
  withService(async ({ addGrant, redeem, metrics }) => {
    const uid = await addGrant({ uses: 5 });
    const answers = await Promise.all(
      Array.from(
        { length: 40 },
        (_, number) => redeem(uid, canaryCode, { name: `east-${number}` }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 5);
    assert.equal(answers.filter(({ headers }) => headers.reason === "used-up").length, 35);
    assert.match(await metrics.render(), /hawser_grant_answers_total\{outcome="redeemed"\} 5\n/);
  }));
