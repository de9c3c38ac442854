import assert from "node:assert/strict";
import { test } from "node:test";
import { makeToken, testCode } from "../../test/fakes/tokens.ts";
import { appError, isAppError } from "../errors/app_error.ts";
import type { ErrorCode } from "../errors/catalog.ts";
import { memoryPlatform } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import { type AccessToken, redeemedToken } from "../resources/access_token.ts";
import type { Link } from "../resources/link.ts";
import { apiVersion } from "../resources/resource.ts";
import { startDeadline } from "../wait/deadline.ts";
import type { RedeemedToken } from "./redeem.ts";
import { redeemByController } from "./redeem_by_controller.ts";
import { markToken } from "./token_mark.ts";

const never = new AbortController().signal;
const token = makeToken();
const { name } = token.metadata;
const mark = markToken(token);

/** A namespace with a site, and with what else is given. */
async function east(...resources: (AccessToken | Link)[]): Promise<Platform> {
  const platform = memoryPlatform("east", "kubernetes");
  await platform.apply<"Site">({ apiVersion, kind: "Site", metadata: { name: "east" } }, never);
  for (const resource of resources) await platform.apply<"AccessToken" | "Link">(resource, never);
  return platform;
}

interface Call {
  timeoutMs?: number;
  linkCost?: number;
  interrupts?: AbortSignal;
}

async function redeem(platform: Platform, call: Call = {}): Promise<RedeemedToken> {
  const deadline = startDeadline(call.timeoutMs ?? 60_000, call.interrupts ?? never);
  try {
    const options = { ...call, deadline };
    return await redeemByController(platform, token, options, () => {});
  } finally {
    deadline.end();
  }
}

/** Does once to the AccessToken that appears what a controller would. */
async function controller(
  platform: Platform,
  act: (found: AccessToken) => Promise<unknown>,
): Promise<void> {
  for await (const [found] of platform.watch("AccessToken", never)) {
    if (found === undefined) continue;
    await act(found);
    return;
  }
}

function redeemed(reason = "Ready"): AccessToken["status"] {
  const lastTransitionTime = new Date().toISOString();
  return {
    redeemed: true,
    conditions: [{ type: "Redeemed", status: "True", reason, message: "OK", lastTransitionTime }],
  };
}

const link: Link = {
  apiVersion,
  kind: "Link",
  metadata: { name, annotations: { [redeemedToken]: mark } },
  spec: { endpoints: [], tlsCredentials: name },
};

async function find(platform: Platform): Promise<AccessToken | undefined> {
  return await platform.get("AccessToken", name, never);
}

function hasCode(code: ErrorCode) {
  return (error: unknown) => isAppError(error, code);
}

test("redeemByController() stores the token with its cost, and tells of the links made of it", async () => {
  const platform = await east();
  const acting = controller(platform, async (found) => {
    assert.equal(found.spec?.code, testCode);
    assert.equal(found.spec.linkCost, 7);
    await platform.apply<"Link">(link, never);
    await platform.apply<"AccessToken">({ ...found, status: redeemed() }, never);
  });
  assert.deepEqual(await redeem(platform, { linkCost: 7 }), {
    token: name,
    site: "east",
    secret: name,
    links: [name],
  });
  await acting;
  await assert.rejects(redeem(platform), hasCode("already-redeemed"));
  assert.ok(await find(platform), "it is what tells that the token was redeemed");
});

const refusals: [what: string, status: AccessToken["status"], code: ErrorCode][] = [
  [
    "a used-up token",
    { status: "Error", message: appError("token-used-up", { token: name }).message },
    "token-used-up",
  ],
  [
    "what no controller of today says",
    { status: "Error", message: "Bad luck" },
    "token-not-redeemed",
  ],
  ["a token redeemed for a site that is gone", redeemed("Error"), "already-redeemed"],
];
for (const [what, status, code] of refusals) {
  test(`redeemByController() takes back the AccessToken of ${what}`, async () => {
    const platform = await east();
    const acting = controller(
      platform,
      (found) => platform.apply<"AccessToken">({ ...found, status }, never),
    );
    await assert.rejects(redeem(platform), hasCode(code));
    await acting;
    assert.equal(await find(platform), undefined);
  });
}

test("redeemByController() leaves an AccessToken that the user put there, though it is refused", async () => {
  const message = appError("token-used-up", { token: name }).message;
  const platform = await east({ ...token, status: { status: "Error", message } });
  await assert.rejects(redeem(platform), hasCode("token-used-up"));
  assert.ok(await find(platform));
});

test("redeemByController() goes on with what a call that timed out left", async () => {
  const platform = await east();
  await assert.rejects(redeem(platform, { timeoutMs: 0 }), hasCode("timed-out"));
  const left = await find(platform);
  assert.ok(left);
  await redeem({
    ...platform,
    async *watch(kind, signal) {
      await platform.apply<"AccessToken">({ ...left, status: redeemed() }, never);
      yield* platform.watch(kind, signal);
    },
  });
  assert.equal((await find(platform))?.metadata.uid, left.metadata.uid);
});

test("redeemByController() takes the AccessToken back on an interrupt, whenever it comes", async () => {
  const interrupted = appError("interrupted", {});
  const inTheWait = await east();
  const waiting = new AbortController();
  const acting = controller(inTheWait, () => Promise.resolve(waiting.abort(interrupted)));
  await assert.rejects(redeem(inTheWait, { interrupts: waiting.signal }), hasCode("interrupted"));
  await acting;
  assert.equal(await find(inTheWait), undefined);

  // the platform has stored it, and the interrupt comes before its answer
  const memory = await east();
  const storing = new AbortController();
  const platform: Platform = {
    ...memory,
    async apply(resource, signal) {
      await memory.apply(resource, signal);
      storing.abort(interrupted);
      throw signal.reason;
    },
  };
  await assert.rejects(redeem(platform, { interrupts: storing.signal }), hasCode("interrupted"));
  assert.equal(await find(memory), undefined);
});

test("redeemByController() leaves what was redeemed in the moment of the interrupt", async () => {
  const memory = await east();
  const interrupts = new AbortController();
  const platform: Platform = {
    ...memory,
    async *watch(kind, signal) {
      yield await memory.list(kind, signal);
      const found = (await find(memory))!;
      await memory.apply<"AccessToken">({ ...found, status: redeemed() }, never);
      interrupts.abort(appError("interrupted", {}));
    },
  };
  await assert.rejects(redeem(platform, { interrupts: interrupts.signal }), hasCode("interrupted"));
  assert.equal((await find(memory))?.status?.redeemed, true);
});

test("redeemByController() names the site that is ready, of several", async () => {
  const platform = await east();
  const lastTransitionTime = new Date().toISOString();
  const ready = { type: "Ready", status: "True", reason: "Ready", message: "OK" } as const;
  await platform.apply<"Site">({
    apiVersion,
    kind: "Site",
    metadata: { name: "west" },
    status: { conditions: [{ ...ready, lastTransitionTime }] },
  }, never);
  const acting = controller(
    platform,
    (found) => platform.apply<"AccessToken">({ ...found, status: redeemed() }, never),
  );
  assert.equal((await redeem(platform)).site, "west");
  await acting;
});

test("redeemByController() stores nothing where there is no site, or a name is taken", async () => {
  const nowhere = memoryPlatform("nowhere", "kubernetes");
  await assert.rejects(redeem(nowhere), hasCode("site-missing"));
  assert.equal(await find(nowhere), undefined);

  const foreign = { ...link, metadata: { name: `${name}-1` } };
  const taken = await east(foreign);
  await assert.rejects(redeem(taken), hasCode("name-taken"));
  assert.equal(await find(taken), undefined);

  const otherToken = makeToken({ code: "another-code" });
  const other = await east(otherToken);
  await assert.rejects(redeem(other), hasCode("name-taken"));
  assert.equal((await find(other))?.spec?.code, "another-code");
});
