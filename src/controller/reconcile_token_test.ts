import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { startGrantService } from "../../test/fakes/grant_service.ts";
import { appError, isAppError } from "../errors/app_error.ts";
import type { GrantBacking } from "../grant_service/ledger/backing.ts";
import { createAuthority } from "../pki/authority.ts";
import type { PendingKeys } from "../platform/abilities.ts";
import { memoryPlatform } from "../platform/memory.ts";
import type { AccessToken } from "../resources/access_token.ts";
import type { Announcement } from "./announcement.ts";
import { reconcileToken, type TokenWork } from "./reconcile_token.ts";

const apiVersion = "skupper.io/v2alpha1";
const never = new AbortController().signal;
const change = { kind: "AccessToken", namespace: "east", name: "t" } as const;
/** A namespace in memory with a site, and what reconciles its tokens. */
function openEast() {
  const platform = memoryPlatform("east");
  const retired: string[] = [];
  const events: string[] = [];
  const announced: Announcement[] = [];
  const forgotten: string[] = [];
  const pendingKeys: PendingKeys = {
    obtain: (_redemption, make) => make(),
    forget: (redemption) => Promise.resolve(void forgotten.push(redemption)),
  };
  const namespace = {
    platform,
    backing: {} as GrantBacking, // tokens are redeemed elsewhere
    pendingKeys,
    retireToken: (name: string) => Promise.resolve(void retired.push(name)),
  };
  const work: TokenWork = {
    home: {
      open: () => Promise.resolve(namespace),
      namespaces: () => Promise.resolve(["east"]),
      changes: () => assert.fail("not asked for by a reconciler"),
    },
    report: (event) => events.push(event),
    announce: (announcement) => void announced.push(announcement),
    busy: new Set(),
    unwritten: new Map(),
    env: {},
    now: Date.now,
  };
  return {
    platform,
    retired,
    events,
    announced,
    forgotten,
    reconcile: () => reconcileToken(change, work, never),
    token: () => platform.get("AccessToken", "t", never),
    addSite: () =>
      platform.apply<"Site">({ apiVersion, kind: "Site", metadata: { name: "east" } }, never),
    addToken: (spec: NonNullable<AccessToken["spec"]>) =>
      platform.apply<"AccessToken">(
        { apiVersion, kind: "AccessToken", metadata: { name: "t" }, spec },
        never,
      ),
  };
}

const { certificatePem: ca } = await createAuthority("test");

/** A port of this machine that nobody listens on. */
async function findClosedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // of a TCP server
  server.close();
  await once(server, "close");
  return port;
}

test("a token that can't be redeemed is refused once, and taken out of the way", async () => {
  const { addSite, addToken, reconcile, token, retired, events, announced } = openEast();
  await addSite();
  await addToken({ url: "http://127.0.0.1:1/x", code: "c", ca });
  assert.deepEqual(await reconcile(), {});
  const refused = await token();
  const { status, message, redeemed, conditions } = refused!.status!;
  assert.equal(status, "Error");
  assert.match(message!, /must begin with https/);
  assert.equal(redeemed, undefined);
  assert.deepEqual(
    conditions!.map(({ lastTransitionTime: _, ...condition }) => condition),
    [{ type: "Redeemed", status: "False", observedGeneration: 1, reason: "Error", message }],
  );
  await reconcile();
  assert.deepEqual(await token(), refused);
  assert.deepEqual(retired, ["t", "t"]);
  assert.deepEqual(events, ["token-not-redeemed"]);
  const about = { ...change, uid: refused!.metadata.uid! };
  assert.deepEqual(announced, [{ about, reason: "Refused", message, isProblem: true }]);
  await addToken({ url: "http://127.0.0.1:2/x", code: "c", ca });
  await reconcile();
  assert.equal((await token())!.status!.conditions![0]!.observedGeneration, 2);
});

test("a token that was tried is not tried again because its outcome could not be written", async () => {
  const { addSite, addToken, reconcile, token, platform, events } = openEast();
  await addSite();
  // as upstream's: it has counted a use by the time it fails, and answers no probe
  const service = await startGrantService((_request, socket) =>
    void socket.end("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
  );
  await addToken(service.token.spec);
  const { apply } = platform;
  platform.apply = async (resource, ...others) => {
    if (resource.kind !== "AccessToken") return await apply(resource, ...others);
    throw appError("conflict", { kind: "AccessToken", name: "t" });
  };
  await assert.rejects(reconcile(), (error) => isAppError(error, "conflict"));
  const asked = () => service.requests.filter(({ method }) => method === "POST").length;
  assert.equal(asked(), 1);
  await assert.rejects(reconcile(), (error) => isAppError(error, "conflict"));
  platform.apply = apply;
  await reconcile();
  assert.equal(asked(), 1);
  assert.equal((await token())!.status!.status, "Error");
  assert.deepEqual(events, ["token-not-redeemed"]);
  await service.close();
});

function answer(status: string, body: string, headers = ""): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`;
}

test("a wrong answer of a service that gives it again is no end: it may be mended", async () => {
  const { addSite, addToken, reconcile, token, forgotten } = openEast();
  await addSite();
  const service = await startGrantService(({ method }, socket) =>
    void socket.end(answer("200 OK", method === "GET" ? "usesLeft: 1\n" : "kind: none\n"))
  );
  await addToken(service.token.spec);
  await assert.rejects(reconcile(), (error) => isAppError(error, "answer-invalid"));
  assert.equal((await token())!.status!.status, "Pending");
  assert.deepEqual(forgotten, []);
  await service.close();
});

for (
  const [end, headers, why, keeps] of [
    ["404 Not Found", "", /no longer valid/, true],
    ["404 Not Found", "reason: used-up\r\n", /is used up/, false],
    ["404 Not Found", "reason: revoked\r\n", /revoked/, false],
    // what a proxy may say too, while the service behind it is away
    ["403 Forbidden", "", /refused/, true],
    ["200 OK", "", /answer/, true],
    ["500 Internal Server Error", "", /answered 500/, true],
  ] as const
) {
  test(`of a token that ends with ${end} ${headers.trim()} the key is ${keeps ? "kept" : "forgotten"}`, async () => {
    const { addSite, addToken, reconcile, token, forgotten } = openEast();
    await addSite();
    const service = await startGrantService(({ method }, socket) =>
      void socket.end(
        method === "GET" ? answer("405 No", "") : answer(end, "kind: none\n", headers),
      )
    );
    await addToken(service.token.spec);
    await reconcile();
    assert.equal((await token())!.status!.status, "Error");
    assert.match((await token())!.status!.message!, why);
    assert.equal(forgotten.length === 0, keeps);
    await service.close();
  });
}

test("a token whose server is down stays, to be tried again", async () => {
  const { addSite, addToken, reconcile, token, retired, announced } = openEast();
  await addSite();
  await addToken({ url: `https://127.0.0.1:${await findClosedPort()}/x`, code: "c", ca });
  await assert.rejects(reconcile(), (error) => isAppError(error, "unreachable"));
  await assert.rejects(reconcile(), (error) => isAppError(error, "unreachable"));
  assert.deepEqual(announced.map(({ reason }) => reason), ["NotYetRedeemed"]);
  const { status, message, conditions } = (await token())!.status!;
  assert.equal(status, "Pending");
  assert.match(message!, /^Cannot reach https:/);
  assert.equal(conditions![0]!.reason, "Pending");
  assert.deepEqual(retired, []);
});

test("tokens of one grant are redeemed one after the other", async () => {
  const { addSite, addToken, reconcile } = openEast();
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo; // of a TCP server
  await addSite();
  await addToken({ url: `https://127.0.0.1:${port}/x`, code: "c", ca });
  const arrived = once(silent, "connection");
  const first = reconcile();
  const [socket] = await arrived;
  assert.deepEqual(await reconcile(), { againInMs: 200 });
  silent.close();
  socket.destroy();
  await assert.rejects(first, (error) => isAppError(error, "unreachable"));
  await assert.rejects(reconcile(), (error) => isAppError(error, "unreachable"));
});

test("a token waits for a site", async () => {
  const { addToken, reconcile, token, retired } = openEast();
  await addToken({ url: `https://127.0.0.1:${await findClosedPort()}/x`, code: "c", ca });
  assert.deepEqual(await reconcile(), {});
  assert.match((await token())!.status!.message!, /there is no site in namespace "east"/);
  assert.deepEqual(retired, []);
});

test("a token whose link's name is taken spends nothing", async () => {
  const { platform, addSite, addToken, reconcile, token, forgotten } = openEast();
  await addSite();
  await platform.apply<"Link">({ apiVersion, kind: "Link", metadata: { name: "t" } }, never);
  await addToken({ url: `https://127.0.0.1:${await findClosedPort()}/x`, code: "c", ca });
  await reconcile();
  assert.equal((await token())!.status!.status, "Error");
  assert.match((await token())!.status!.message!, /Link "t" exists already/);
  assert.deepEqual(forgotten, [], "another try may have been given a use before");
});

test("a token that is gone is no work", async () => {
  assert.deepEqual(await openEast().reconcile(), {});
});
