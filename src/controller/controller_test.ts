import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { memoryLedgerStore } from "../../test/fakes/memory_ledger_store.ts";
import { appError, isAppError } from "../errors/app_error.ts";
import type { IdentitySource } from "../grant_service/identity_source.ts";
import { ownIdentity } from "../grant_service/service_identity.ts";
import { createAuthority } from "../pki/authority.ts";
import { memoryPlatform } from "../platform/memory.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import { isReady } from "../resources/resource.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import { createRequest } from "../pki/request.ts";
import { sleep } from "../runtime/clock.ts";
import { probeToken, requestRedemption } from "../token/redeem_client.ts";
import { startDeadline } from "../wait/deadline.ts";
import type { UsableToken } from "../token/token_file.ts";
import { ControllerClock } from "./controller_clock.ts";
import { runController } from "./controller.ts";
import type { ControllerSetup, ListeningAddress } from "./controller_setup.ts";
import type { Change, ControllerNamespace } from "./home.ts";

const apiVersion = "skupper.io/v2alpha1";
const never = new AbortController().signal;
const siteAuthority = await createAuthority("skupper-site-ca");
const surroundings = { env: {}, now: Date.now };

/** A namespace in memory; grants in it are redeemed at `host`. */
function memoryNamespace(name: string, host = "127.0.0.1") {
  const platform = memoryPlatform(name);
  const namespace: ControllerNamespace = {
    platform,
    backing: {
      namespace: name,
      ledgers: memoryLedgerStore(),
      issuer: () => Promise.resolve(siteAuthority),
      endpoints: () => Promise.resolve([{ name: "inter-router", host, port: "55671" }]),
    },
    pendingKeys: { obtain: (_redemption, make) => make(), forget: () => Promise.resolve() },
    grantHost: () => Promise.resolve(host),
  };
  return {
    name,
    namespace,
    async addSite() {
      await platform.apply<"Site">({ apiVersion, kind: "Site", metadata: { name } }, never);
      return { kind: "Site", namespace: name, name } as const;
    },
    async addGrant() {
      const metadata = { name: "g" };
      await platform.apply<"AccessGrant">({ apiVersion, kind: "AccessGrant", metadata }, never);
      return { kind: "AccessGrant", namespace: name, name: "g" } as const;
    },
    /** The grant, once it looks as it should. */
    async grant(isAsWanted: (grant: AccessGrant) => boolean = isReady): Promise<AccessGrant> {
      for await (const [grant] of platform.watch("AccessGrant", never)) {
        if (grant !== undefined && isAsWanted(grant)) return grant;
      }
      throw new Error("a watch that nobody aborts has no end");
    },
  };
}

/** Runs a controller over these namespaces until the test's body has ended. */
async function withController(
  namespaces: ReturnType<typeof memoryNamespace>[],
  body: (controller: {
    address: ListeningAddress;
    tell(change: Change): void;
    events: Record<string, unknown>[];
    stop(): Promise<void>;
  }) => Promise<void>,
  setup: Partial<ControllerSetup> = {},
): Promise<void> {
  const end = new AbortController();
  const events: Record<string, unknown>[] = [];
  const told: Change[] = [];
  let wake = () => {};
  end.signal.addEventListener("abort", () => wake());
  let listening: (address: ListeningAddress) => void;
  const isListening = new Promise<ListeningAddress>((resolve) => listening = resolve);
  const running = runController({
    home: {
      namespaces: () => Promise.resolve(namespaces.map(({ name }) => name)),
      open: (wanted) => Promise.resolve(namespaces.find(({ name }) => name === wanted)!.namespace),
      async *changes() {
        while (!end.signal.aborted) {
          const change = told.shift();
          if (change !== undefined) yield change;
          else await new Promise<void>((resolve) => wake = resolve);
        }
      },
    },
    identity: memoryIdentity(),
    ports: [0],
    hosts: { ofMachine: () => Promise.resolve({ host: "127.0.0.1" }) },
    env: {},
    log: (line) => events.push(JSON.parse(line)),
    ...setup,
    async listening(address) {
      await setup.listening?.(address);
      listening(address);
    },
  }, end.signal);
  const stop = () => (end.abort(), running);
  try {
    const address = await Promise.race([isListening, running.then(() => assert.fail("it ended"))]);
    const tell = (change: Change) => (told.push(change), wake());
    await body({ address, tell, events, stop });
  } finally {
    await stop();
  }
}

function memoryIdentity(): IdentitySource {
  const files = new Map<string, string>();
  return ownIdentity({
    read: (name) => Promise.resolve(files.get(name)),
    write: (name, text) => (files.set(name, text), Promise.resolve(text)),
  }, () => [Date.now()]);
}

function tokenOf(grant: AccessGrant): UsableToken {
  const { url, ca, code } = grant.status!;
  const spec = { url: url!, ca: ca!, code: code! };
  return { apiVersion, kind: "AccessToken", metadata: { name: "t" }, spec };
}

async function redeemOnce(token: UsableToken): Promise<void> {
  const csr = Buffer.from(await createRequest(await createKeyPair(), "east"));
  const deadline = startDeadline(60_000, never);
  await requestRedemption(
    token,
    { name: token.metadata.name, subject: "east", csr },
    deadline,
    surroundings,
  );
  deadline.end();
}

test("a token is redeemed from a grant, and the grant's status tells", async () => {
  const west = memoryNamespace("west");
  const east = memoryNamespace("east");
  await withController([west, east], async ({ tell, events }) => {
    tell(await west.addSite());
    tell(await west.addGrant());
    await east.addSite();
    const token = tokenOf(await west.grant());
    await east.namespace.platform.apply<"AccessToken">(token, never);
    tell({ kind: "AccessToken", namespace: "east", name: "t" });
    await west.grant((grant) => grant.status?.redemptions === 1);
    while (!events.some(({ event }) => event === "token-redeemed")) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { platform } = east.namespace;
    assert.equal((await platform.get("AccessToken", "t", never))?.status?.redeemed, true);
    assert.equal((await platform.get("Link", "t", never))?.spec?.endpoints[0]?.host, "127.0.0.1");
    assert.ok(!JSON.stringify(events).includes(token.spec.code));
  });
});

test("grants of an earlier run are served from the first moment on", async () => {
  const west = memoryNamespace("west");
  const setup = { identity: memoryIdentity() };
  let port = 0;
  await withController([west], async ({ address, tell }) => {
    tell(await west.addSite());
    tell(await west.addGrant());
    await west.grant();
    port = address.grantPort;
  }, setup);
  const token = tokenOf(await west.grant());
  let seen: unknown;
  await withController([west], () => Promise.resolve(), {
    ...setup,
    ports: [port],
    async listening() {
      seen = await probeToken(token, surroundings, never);
    },
  });
  assert.equal((seen as { usesLeft: number }).usesLeft, 1);
});

test("a grant becomes ready when its site comes", async () => {
  const west = memoryNamespace("west");
  await withController([west], async ({ tell }) => {
    tell(await west.addGrant());
    await west.grant((grant) => grant.status?.status === "Pending");
    tell(await west.addSite());
    await west.grant();
  });
});

test("the certificate bears every host that grants are redeemed at", async () => {
  const west = memoryNamespace("west", "127.0.0.1");
  const south = memoryNamespace("south", "localhost");
  await withController([west, south], async ({ tell }) => {
    for (const namespace of [west, south]) {
      tell(await namespace.addSite());
      tell(await namespace.addGrant());
      const grant = await namespace.grant();
      assert.equal(
        new URL(grant.status!.url!).hostname,
        await namespace.namespace.grantHost!(never),
      );
    }
    for (const namespace of [west, south]) {
      const token = tokenOf(await namespace.grant());
      assert.equal((await probeToken(token, surroundings, never)).usesLeft, 1);
    }
  });
});

test("tokens stay good when the service gets another name", async () => {
  const west = memoryNamespace("west", "127.0.0.1");
  let token: UsableToken | undefined;
  const identity = memoryIdentity();
  await withController([west], async ({ tell }) => {
    tell(await west.addSite());
    tell(await west.addGrant());
    token = tokenOf(await west.grant());
  }, { identity });
  const hosts = { fixed: "new.example", ofMachine: () => Promise.resolve(undefined) };
  await withController([west], async ({ address }) => {
    token!.spec.url = token!.spec.url.replace(/:\d+/, `:${address.grantPort}`);
    assert.equal((await probeToken(token!, surroundings, never)).usesLeft, 1);
  }, { identity, hosts });
});

test("a port that is taken is passed over, and the last one complained of", async () => {
  const other = createServer().listen(0);
  await once(other, "listening");
  const { port } = other.address() as AddressInfo; // of a TCP server
  await withController([], ({ address }) => {
    assert.notEqual(address.grantPort, port);
    return Promise.resolve();
  }, { ports: [port, 0] });
  await assert.rejects(
    withController([], () => Promise.resolve(), { ports: [port] }),
    (error) => isAppError(error, "port-in-use"),
  );
  other.close();
});

test("a namespace that can't be read is told, and the others are served", async () => {
  const broken = memoryNamespace("broken");
  broken.namespace.backing.ledgers.list = () =>
    Promise.reject(appError("not-readable", { path: "ledgers", why: "permission denied" }));
  const west = memoryNamespace("west");
  await withController([broken, west], async ({ tell, events }) => {
    tell(await west.addSite());
    tell(await west.addGrant());
    await west.grant();
    const told = events.find(({ event }) => event === "namespace-unreadable");
    assert.equal(told?.["namespace"], "broken");
    assert.equal(told?.["code"], "not-readable");
  });
});

test("a start with a clock days ahead leaves the ledgers of the grants that are there", async () => {
  const west = memoryNamespace("west");
  const identity = memoryIdentity();
  let uid = "";
  await withController([west], async ({ tell }) => {
    tell(await west.addSite());
    tell(await west.addGrant());
    const grant = await west.grant();
    uid = grant.metadata.uid!;
    await redeemOnce(tokenOf(grant));
  }, { identity });
  const { ledgers } = west.namespace.backing;
  assert.deepEqual(await ledgers.list(), [uid]);
  const clock = new ControllerClock({ now: () => Date.now() + 3 * 24 * 3_600_000 });
  await withController([west], async () => {
    assert.deepEqual(await ledgers.list(), [uid]);
  }, { identity, clock });
});

test("a grant whose ledger can't be read keeps no other from being served", async () => {
  const west = memoryNamespace("west");
  const identity = memoryIdentity();
  const tokens: UsableToken[] = [];
  let port = 0;
  await withController([west], async ({ address, tell }) => {
    port = address.grantPort;
    tell(await west.addSite());
    for (const name of ["a", "b", "c"]) {
      const grant = { apiVersion, kind: "AccessGrant", metadata: { name } } as const;
      await west.namespace.platform.apply<"AccessGrant">(grant, never);
      tell({ kind: "AccessGrant", namespace: "west", name });
      for (;;) {
        const found = await west.namespace.platform.get("AccessGrant", name, never);
        if (found === undefined || !isReady(found)) await sleep(5);
        else break;
      }
      const found = (await west.namespace.platform.get("AccessGrant", name, never))!;
      tokens.push(tokenOf(found));
    }
  }, { identity });
  const { ledgers } = west.namespace.backing;
  const read = ledgers.read.bind(ledgers);
  ledgers.read = (uid) =>
    tokens[0]!.spec.url.endsWith(uid) ? Promise.reject(new Error("damaged")) : read(uid);
  await withController([west], async ({ events }) => {
    const [damaged, ...others] = tokens;
    for (const token of others) {
      assert.equal((await probeToken(token, surroundings, never)).usesLeft, 1);
    }
    assert.deepEqual(await probeToken(damaged!, surroundings, never), {});
    assert.ok(events.some(({ event, grant }) => event === "grant-unreadable" && grant === "a"));
  }, { identity, ports: [port] });
});

test("what was given last is in the grant's status when it has stopped", async () => {
  const west = memoryNamespace("west");
  await withController([west], async ({ tell, stop }) => {
    tell(await west.addSite());
    tell(await west.addGrant());
    await redeemOnce(tokenOf(await west.grant()));
    await stop();
    const grant = await west.namespace.platform.get("AccessGrant", "g", never);
    assert.equal(grant?.status?.redemptions, 1);
  });
});

test("it stops though the last status can't be written", async () => {
  const west = memoryNamespace("west");
  await withController([west], async ({ tell, stop, events }) => {
    tell(await west.addSite());
    tell(await west.addGrant());
    const token = tokenOf(await west.grant());
    const full = appError("not-writable", { path: "g", why: "the disk is full" });
    west.namespace.platform.apply = () => Promise.reject(full);
    await redeemOnce(token);
    await stop();
    assert.ok(events.some(({ event, code }) => event === "reconcile-failed" && code === full.code));
    assert.equal(events.at(-1)?.["event"], "stopped");
  });
});

test("it stops although what it does never ends", async () => {
  const west = memoryNamespace("west");
  const forEver = new Promise<never>(() => {});
  await withController([west], async ({ tell, stop, events }) => {
    const asked = new Promise<void>((resolve) => {
      west.namespace.platform.get = () => (resolve(), forEver);
    });
    tell({ kind: "AccessToken", namespace: "west", name: "t" });
    await asked;
    await stop();
    assert.deepEqual(events.map(({ event }) => event).slice(-2), ["left-unfinished", "stopped"]);
  }, { finishMs: 10 });
});

test("it stops although it has not begun", async () => {
  const west = memoryNamespace("west");
  const forEver = new Promise<never>(() => {});
  const stop = new AbortController();
  const running = runController({
    home: {
      namespaces: () => (stop.abort(), forEver),
      open: () => Promise.resolve(west.namespace),
      changes: () => assert.fail("it works"),
    },
    identity: memoryIdentity(),
    ports: [0],
    hosts: { ofMachine: () => Promise.resolve({ host: "127.0.0.1" }) },
    env: {},
    log: () => {},
    listening: () => assert.fail("it listens"),
  }, stop.signal);
  await running;
});

test("it tells that it stops, and answers no more", async () => {
  await withController([], async ({ address, events, stop }) => {
    assert.equal((await fetch(`${address.operationsUrl}/readyz`)).status, 200);
    await stop();
    assert.deepEqual(events.map(({ event }) => event), ["listening", "stopping", "stopped"]);
    await assert.rejects(fetch(`${address.operationsUrl}/healthz`));
  });
});

test("while it lingers it is not ready any more, but serves whom nobody has told yet", async () => {
  const west = memoryNamespace("west");
  await withController([west], async ({ address, tell, stop }) => {
    tell(await west.addSite());
    tell(await west.addGrant());
    const token = tokenOf(await west.grant());
    const stopped = stop();
    const readiness = async () => (await fetch(`${address.operationsUrl}/readyz`)).status;
    while (await readiness() === 200) await sleep(5);
    assert.equal(await readiness(), 503);
    assert.equal((await fetch(`${address.operationsUrl}/healthz`)).status, 200);
    await redeemOnce(token);
    await stopped;
    const grant = await west.namespace.platform.get("AccessGrant", "g", never);
    assert.equal(grant?.status?.redemptions, 1);
  }, { lingerMs: 3000 });
});
