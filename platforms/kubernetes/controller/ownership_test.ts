import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthority } from "../../../src/pki/authority.ts";
import { type AccessGrant, grantsDisabled } from "../../../src/resources/access_grant.ts";
import type { AccessToken } from "../../../src/resources/access_token.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import type { Site } from "../../../src/resources/site.ts";
import { claimGrant, claimToken } from "./ownership.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const address = { url: "https://grants.example:9090", ca: "OUR CA" };

function before(seconds: number): string {
  return new Date(now - seconds * 1000).toISOString();
}

function grant(status: AccessGrant["status"], secondsOld = 60): AccessGrant {
  const metadata = { name: "g", uid: "u-1", creationTimestamp: before(secondsOld) };
  return { apiVersion, kind: "AccessGrant", metadata, ...(status ? { status } : {}) };
}

function token(status: AccessToken["status"], secondsOld = 60): AccessToken {
  const metadata = { name: "t", uid: "u-2", creationTimestamp: before(secondsOld) };
  const spec = { url: "https://x", code: "c", ca: "x" };
  return { apiVersion, kind: "AccessToken", metadata, spec, ...(status ? { status } : {}) };
}

function site(fields: { named?: boolean; secondsOld?: number } = {}): Site {
  const { named = false, secondsOld = 3600 } = fields;
  const metadata = { name: "s", uid: "u-3", creationTimestamp: before(secondsOld) };
  const condition = {
    type: "Ready",
    status: "True",
    lastTransitionTime: before(secondsOld),
    reason: "Ready",
    message: "OK",
  } as const;
  const controller = { name: "skupper-controller", namespace: "skupper" };
  const status = { conditions: [condition], ...(named ? { controller } : {}) };
  return { apiVersion, kind: "Site", metadata, status };
}

function redeemed(reason: string): AccessToken["status"] {
  const condition = { type: "Redeemed", status: "False", message: "", reason } as const;
  return { conditions: [{ ...condition, lastTransitionTime: before(1) }] };
}

const upstreams = { url: "https://upstream:9090/u-1", ca: "THEIR CA", code: "c" };
const named = [site({ named: true })];
const unnamed = [site()];

const grants: [string, unknown, AccessGrant, Site[], AccessGrant[]?][] = [
  ["new, no controller for the site", "ours", grant(undefined, 0), unnamed],
  ["new, no site yet", "ours", grant(undefined, 0), []],
  ["new, the site has a controller", { againInMs: 4000 }, grant(undefined, 1), named],
  ["from a clock that is ahead", { againInMs: 5000 }, grant(undefined, -3600), named],
  ["that a controller says nothing about", "ours", grant(undefined, 6), named],
  ["that a controller does not serve", "ours", grant({ message: grantsDisabled }, 0), named],
  ["that another serves", "theirs", grant(upstreams), named],
  ["that another serves at a site of nobody", "theirs", grant(upstreams), unnamed],
  ["that another has begun to serve", "theirs", grant({ code: "c" }), named],
  [
    "whose url and authority another has wiped",
    "theirs",
    grant({
      code: "c",
      url: "",
      ca: "",
    }),
    named,
  ],
  ["of ours", "ours", grant({ ca: "OUR CA", code: "c" }), named],
  ["of ours under an old name", "ours", grant({ ca: "OUR CA", url: "https://old/u-1" }), named],
  [
    "of ours under an old authority",
    "ours",
    grant({
      ca: "OLD CA",
      url: "https://grants.example:9090/u-1",
    }),
    named,
  ],
  [
    "with another's authority at our name",
    "theirs",
    grant({
      ca: "THEIR CA",
      url: "https://grants.example:9090/u-2",
    }),
    named,
  ],
  ["beside one that was left to us", "ours", grant(undefined, 0), named, [
    grant({ ca: "OUR CA" }),
  ]],
  ["beside one that is not served", "ours", grant(undefined, 0), named, [
    grant({ message: grantsDisabled }),
  ]],
  ["beside one that another serves", { againInMs: 5000 }, grant(undefined, 0), named, [
    grant(upstreams),
  ]],
];

for (const [name, expected, asked, sites, others = []] of grants) {
  test(`a grant ${name} is ${JSON.stringify(expected)}`, () => {
    const claim = claimGrant(asked, { address, sites, grants: () => [asked, ...others], now });
    assert.deepEqual(claim, expected);
  });
}

test("a grant that pins no authority is ours where we pin none, by whatever name", () => {
  const unpinned = grant({ ca: "", code: "c", url: "https://old/u-1" });
  const ask = (ca: string) =>
    claimGrant(unpinned, {
      address: { ...address, ca },
      ...{ sites: named, grants: () => [unpinned], now },
    });
  assert.equal(ask(""), "ours");
  assert.equal(ask("OUR CA"), "theirs");
});

const tokens: [string, unknown, AccessToken, Site[]][] = [
  ["without a site", "theirs", token(undefined), []],
  ["at a site of nobody", "ours", token(undefined, 0), unnamed],
  ["at a site that is new", { againInMs: 3000 }, token(undefined, 0), [site({ secondsOld: 2 })]],
  ["at a site with a controller", { againInMs: 19_000 }, token(undefined, 1), named],
  ["that the controller has not tried", "ours", token(undefined, 21), named],
  ["at a site that was just taken up", { againInMs: 15_000 }, token(undefined, 600), [
    site({ named: true, secondsOld: 5 }),
  ]],
  ["that the controller has tried", "theirs", token(redeemed("Error")), named],
  ["that we have tried", "ours", token(redeemed("Pending")), named],
];

for (const [name, expected, asked, sites] of tokens) {
  test(`a token ${name} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(claimToken(asked, sites, now), expected);
  });
}

test("a grant is ours whose authority has been made anew since, with its key", async () => {
  const first = await createAuthority("hawser-grant-service");
  const again = await createAuthority("hawser-grant-service", first);
  const other = await createAuthority("hawser-grant-service");
  const claim = (ca: string) =>
    claimGrant(grant({ ...upstreams, ca: first.certificatePem }), {
      address: { ...address, ca },
      sites: named,
      grants: () => [],
      now,
    });
  assert.notEqual(again.certificatePem, first.certificatePem);
  assert.equal(claim(again.certificatePem), "ours");
  assert.equal(claim(other.certificatePem), "theirs");
});
