import assert from "node:assert/strict";
import { test } from "node:test";
import { testCode } from "../../test/fakes/tokens.ts";
import { appError, isAppError } from "../errors/app_error.ts";
import type { ErrorCode } from "../errors/catalog.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";
import { memoryPlatform } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import { apiVersion, type Condition } from "../resources/resource.ts";
import type { Site } from "../resources/site.ts";
import { startDeadline } from "../wait/deadline.ts";
import { type IssuedToken, type IssueRequest, issueToken } from "./issue.ts";

const never = new AbortController().signal;
const expirationTime = new Date(Date.now() + 900_000).toISOString();
const endpoint = { name: "inter-router", host: "10.0.0.1", port: "55671" };
const answer = { url: "https://10.0.0.1:9090/uid", ca: "CA", code: testCode, expirationTime };

function ready(): Condition[] {
  const lastTransitionTime = new Date().toISOString();
  return [{ type: "Ready", status: "True", reason: "Ready", message: "OK", lastTransitionTime }];
}

function makeSite(spec: Site["spec"], status: Site["status"] = {}, name = "west"): Site {
  return { apiVersion, kind: "Site", metadata: { name }, spec, status };
}

const pendingSite = makeSite({ linkAccess: "default" }, { status: "Pending" });
const readySite = makeSite(
  { linkAccess: "default" },
  { status: "Ready", conditions: ready(), endpoints: [endpoint] },
);

function makeGrant(status: AccessGrant["status"], spec: AccessGrant["spec"] = {}): AccessGrant {
  return { apiVersion, kind: "AccessGrant", metadata: { name: "mine" }, spec, status };
}

async function platformWith(...resources: (Site | AccessGrant)[]): Promise<Platform> {
  const platform = memoryPlatform();
  for (const resource of resources) await platform.apply<"Site" | "AccessGrant">(resource, never);
  return platform;
}

/** Gives each grant that appears a status, as a controller would, until the test ends. */
async function answerGrants(
  platform: Platform,
  status: AccessGrant["status"],
  signal: AbortSignal,
) {
  for await (const grants of platform.watch("AccessGrant", signal)) {
    for (const grant of grants) {
      if (grant.status === undefined) {
        await platform.apply<"AccessGrant">({ ...grant, status }, never);
      }
    }
  }
}

interface Run {
  request?: Partial<IssueRequest>;
  /** Given to every new grant; undefined: nobody answers. */
  grants?: AccessGrant["status"];
  timeoutMs?: number;
  interrupts?: AbortSignal;
  progress?: string[];
}

async function issue(platform: PlatformWithAbilities, run: Run = {}): Promise<IssuedToken> {
  const end = new AbortController();
  const controller = run.grants === undefined
    ? undefined
    : answerGrants(platform, run.grants, end.signal);
  const deadline = startDeadline(run.timeoutMs ?? 60_000, run.interrupts ?? never);
  const request = {
    redemptionsAllowed: 1,
    expirationWindowMs: 900_000,
    resume: "token issue t.yaml",
    ...run.request,
  };
  try {
    return await issueToken(platform, request, deadline, (text) => run.progress?.push(text));
  } finally {
    deadline.end();
    end.abort();
    await controller;
  }
}

const readyGrant = { status: "Ready", conditions: ready(), ...answer };

function rejectsWith(code: ErrorCode, message: RegExp, resume?: RegExp) {
  return (error: unknown) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, message);
    if (resume !== undefined) assert.match(error.resume ?? "", resume);
    return true;
  };
}

function grantsOf(platform: Platform): Promise<AccessGrant[]> {
  return platform.list("AccessGrant", never);
}

test("issueToken() makes a grant, awaits it and returns its token", async () => {
  const platform = await platformWith(readySite);
  const progress: string[] = [];
  const issued = await issue(platform, {
    grants: readyGrant,
    request: { redemptionsAllowed: 3, expirationWindowMs: 5_400_000, linkCost: 7 },
    progress,
  });
  assert.match(issued.grant, /^west-[a-z0-9]{5}$/);
  assert.deepEqual(progress, ["Waiting for status..."]);
  const [grant] = await grantsOf(platform);
  assert.deepEqual(grant?.spec, { redemptionsAllowed: 3, expirationWindow: "1h30m" });
  assert.deepEqual(issued, {
    token: {
      apiVersion,
      kind: "AccessToken",
      metadata: {
        name: issued.grant,
        annotations: {
          "hawser/expires": expirationTime,
          "hawser/redemptions-allowed": "3",
          "hawser/site": "west",
        },
      },
      spec: { ca: "CA", code: testCode, linkCost: 7, url: answer.url },
    },
    grant: issued.grant,
    site: "west",
    pins: [],
    redemptionsAllowed: 3,
    usesLeft: 3,
    expirationTime: expirationTime,
    windowMs: 5_400_000,
    reused: false,
  });
});

const hopeless: [what: string, sites: Site[], code: ErrorCode, message: RegExp][] = [
  ["without a site", [], "site-missing", /issue a token: there is no site/],
  ["at an edge site", [makeSite({ edge: true, linkAccess: "default" })], "site-edge", /"west"/],
  ["without link access", [makeSite({})], "link-access-disabled", /Link access is not enabled/],
  ["with link access none", [makeSite({ linkAccess: "none" })], "link-access-disabled", /./],
  [
    "at a failed site",
    [makeSite({ linkAccess: "x" }, { status: "Error", message: "no such access" })],
    "site-failed",
    /no such access/,
  ],
];
for (const [what, sites, code, message] of hopeless) {
  test(`issueToken() fails at once ${what}`, async () => {
    const platform = await platformWith(...sites);
    await assert.rejects(issue(platform), rejectsWith(code, message));
    assert.deepEqual(await grantsOf(platform), []);
  });
}

test("issueToken() asks for a running controller where one lives on this machine", async () => {
  const controllerLock = { isHeld: () => false, home: "/data" };
  const platform = { ...await platformWith(readySite), controllerLock };
  await assert.rejects(issue(platform), rejectsWith("controller-not-running", /\/data/));
  assert.deepEqual(await grantsOf(platform), []);
});

test("issueToken() awaits the site's endpoint", async () => {
  const platform = await platformWith(pendingSite);
  const issuing = issue(platform, { grants: readyGrant });
  await platform.apply<"Site">(
    makeSite({ linkAccess: "default" }, { conditions: ready(), endpoints: [] }),
    never,
  );
  await platform.apply<"Site">(readySite, never);
  assert.equal((await issuing).site, "west");
});

test("issueToken() awaits a site whose controller has just been started again", async () => {
  const message = 'certificates.skupper.io "skupper-site-ca" already exists';
  const platform = await platformWith(
    makeSite({ linkAccess: "default" }, { status: "Error", message }),
  );
  const error = await issue(platform, { timeoutMs: 50 }).catch((error) => error);
  assert.ok(isAppError(error, "timed-out"), String(error));
  assert.ok(error.message.includes(message));
});

test("issueToken() ends as soon as the awaited site fails or loses its link access", async () => {
  for (
    const [next, code] of [
      [makeSite({ linkAccess: "default" }, { status: "Error", message: "x" }), "site-failed"],
      [makeSite({ linkAccess: "none" }), "link-access-disabled"],
    ] as const
  ) {
    const platform = await platformWith(pendingSite);
    const issuing = issue(platform);
    await platform.apply<"Site">(next, never);
    await assert.rejects(issuing, rejectsWith(code, /./));
  }
});

test("issueToken() takes the site that can be linked to among several", async () => {
  const failed = makeSite({ linkAccess: "default" }, { status: "Error" }, "a-failed");
  const edge = makeSite({ edge: true }, { conditions: ready(), endpoints: [endpoint] }, "b-edge");
  const platform = await platformWith(failed, edge, readySite);
  assert.equal((await issue(platform, { grants: readyGrant })).site, "west");
});

test("issueToken() says on expiry what the site was waiting for, and how to go on", async () => {
  const platform = await platformWith(pendingSite);
  await assert.rejects(
    issue(platform, {
      timeoutMs: 0,
      request: { redemptionsAllowed: 2, expirationWindowMs: 3_600_000, linkCost: 4 },
    }),
    rejectsWith(
      "timed-out",
      /waiting for site "west" to be ready for links: site "west" is Pending, without an endpoint/,
      /^token issue t\.yaml --redemptions-allowed 2 --expiration-window 1h --link-cost 4$/,
    ),
  );
});

test("issueToken() keeps a grant that timed out and names it", async () => {
  const platform = await platformWith(readySite);
  const failure = await issue(platform, { timeoutMs: 0, request: { linkCost: 4 } }).catch((e) => e);
  const [grant] = await grantsOf(platform);
  const { name } = grant!.metadata;
  assert.ok(isAppError(failure, "timed-out"));
  assert.equal(failure.resume, `token issue t.yaml --grant ${name} --link-cost 4`);
  assert.match(
    failure.message,
    new RegExp(`access grant "${name}" to be ready: Pending \\(no controller has taken it up\\)`),
  );
});

test("issueToken() removes its grant when interrupted", async () => {
  const platform = await platformWith(readySite);
  const interrupts = new AbortController();
  const issuing = issue(platform, { interrupts: interrupts.signal });
  for await (const grants of platform.watch("AccessGrant", never)) {
    if (grants.length > 0) break;
  }
  interrupts.abort(appError("interrupted", {}));
  await assert.rejects(issuing, rejectsWith("interrupted", /./));
  assert.deepEqual(await grantsOf(platform), []);
});

test("issueToken() removes a grant that was stored although its apply was interrupted", async () => {
  const platform = await platformWith(readySite);
  const interrupts = new AbortController();
  const cutOff: Platform = {
    ...platform,
    async apply(resource, signal) {
      await platform.apply(resource, signal);
      interrupts.abort(appError("interrupted", {}));
      throw signal.reason;
    },
  };
  await assert.rejects(
    issue(cutOff, { interrupts: interrupts.signal }),
    rejectsWith("interrupted", /./),
  );
  assert.deepEqual(await grantsOf(platform), []);
});

test("issueToken() ends at once, with the message, when its grant fails; and removes it", async () => {
  const platform = await platformWith(readySite);
  const grants = { status: "Error", message: "No valid endpoints" };
  await assert.rejects(
    issue(platform, { grants }),
    rejectsWith("grant-failed", /No valid endpoints/),
  );
  assert.deepEqual(await grantsOf(platform), []);
});

test("issueToken() removes its grant when the token can't be delivered", async () => {
  const platform = await platformWith(readySite);
  const deliver = () => Promise.reject(appError("not-writable", { path: "t", why: "full" }));
  await assert.rejects(
    issue(platform, { grants: readyGrant, request: { deliver } }),
    rejectsWith("not-writable", /full/),
  );
  assert.deepEqual(await grantsOf(platform), []);
});

test("issueToken() says so when its grant is removed meanwhile", async () => {
  const platform = await platformWith(readySite);
  const issuing = issue(platform);
  for await (const [grant] of platform.watch("AccessGrant", never)) {
    if (grant === undefined) continue;
    await platform.remove("AccessGrant", grant.metadata.name, never);
    break;
  }
  await assert.rejects(issuing, rejectsWith("grant-removed", /was removed/));
});

test("issueToken() tries another name where one is taken, and shortens long ones", async () => {
  const long = makeSite(readySite.spec, readySite.status, `${"w".repeat(56)}-${"x".repeat(9)}`);
  const platform = await platformWith(long);
  let tries = 0;
  const busy: Platform = {
    ...platform,
    apply(resource, signal) {
      if (resource.kind !== "AccessGrant" || resource.status !== undefined || ++tries > 2) {
        return platform.apply(resource, signal);
      }
      const { kind, metadata } = resource;
      return Promise.reject(appError("conflict", { kind, name: metadata.name }));
    },
  };
  const { grant } = await issue(busy, { grants: readyGrant });
  assert.match(grant, /^w{56}-[a-z0-9]{5}$/);
  assert.equal(tries, 3);
});

test("issueToken() reuses a grant and tells what is left of it", async () => {
  const platform = await platformWith(
    readySite,
    makeGrant({ ...readyGrant, redemptions: 2 }, { redemptionsAllowed: 5 }),
  );
  const issued = await issue(platform, { request: { grant: "mine" } });
  assert.equal(issued.token.metadata.name, "mine");
  assert.equal(issued.reused, true);
  assert.deepEqual([issued.usesLeft, issued.redemptionsAllowed], [3, 5]);
  assert.ok(issued.windowMs > 0 && issued.windowMs <= 900_000);
});

test("issueToken() goes by no status of a grant from before it was changed", async () => {
  const stale: AccessGrant["status"][] = [
    { ...readyGrant, code: "the code before" },
    { ...readyGrant, expirationTime: "2020-01-01T00:00:00Z" },
    { status: "Error", message: "Invalid duration", conditions: ready() },
  ];
  for (const status of stale) {
    const platform = await platformWith(readySite);
    const observed = (observedGeneration: number) => ({
      conditions: ready().map((condition) => ({ ...condition, observedGeneration })),
    });
    await platform.apply<"AccessGrant">(makeGrant({ ...status, ...observed(1) }), never);
    const stored = await platform.apply<"AccessGrant">(
      makeGrant({ ...status, ...observed(1) }, { code: testCode, expirationWindow: "1h" }),
      never,
    );
    assert.equal(stored.metadata.generation, 2);
    await assert.rejects(
      issue(platform, { request: { grant: "mine" }, timeoutMs: 0 }),
      rejectsWith("timed-out", /no controller has taken up its change/),
    );
    const issuing = issue(platform, { request: { grant: "mine" } });
    await platform.apply<"AccessGrant">(
      { ...stored, status: { ...readyGrant, ...observed(2) } },
      never,
    );
    assert.equal((await issuing).token.spec!.code, testCode);
  }
});

const spent: [what: string, grant: AccessGrant[], code: ErrorCode][] = [
  ["that does not exist", [], "resource-not-found"],
  [
    "that has expired",
    [makeGrant({ ...readyGrant, expirationTime: "2020-01-01T00:00:00Z" })],
    "grant-expired",
  ],
  ["that is used up", [makeGrant({ ...readyGrant, redemptions: 1 })], "grant-used-up"],
  ["that failed", [makeGrant({ status: "Error", message: "Invalid duration" })], "grant-failed"],
  [
    "that failed, and allows less than nothing",
    [makeGrant({ status: "Error", message: "it must be positive" }, { redemptionsAllowed: -3 })],
    "grant-failed",
  ],
];
for (const [what, grants, code] of spent) {
  test(`issueToken() refuses a grant ${what}, and removes none`, async () => {
    const platform = await platformWith(readySite, ...grants);
    await assert.rejects(
      issue(platform, { request: { grant: "mine" } }),
      rejectsWith(code, /mine/),
    );
    assert.equal((await grantsOf(platform)).length, grants.length);
  });
}
