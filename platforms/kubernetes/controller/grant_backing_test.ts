import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { memoryPlatform } from "../../../src/platform/memory.ts";
import type { AccessGrant } from "../../../src/resources/access_grant.ts";
import type { RouterAccess } from "../../../src/resources/router_access.ts";
import type { Site } from "../../../src/resources/site.ts";
import { memoryLedgerStore } from "../../../test/fakes/memory_ledger_store.ts";
import { clusterGrantBacking } from "./grant_backing.ts";

const apiVersion = "skupper.io/v2alpha1";
const never = new AbortController().signal;

const grant: AccessGrant = { apiVersion, kind: "AccessGrant", metadata: { name: "g" } };

function site(name: string, parts: Pick<Site, "spec" | "status"> = {}): Site {
  return { apiVersion, kind: "Site", metadata: { name }, ...parts };
}

function access(
  name: string,
  role: string,
  issuer: string | undefined,
  port: string,
): RouterAccess {
  return {
    apiVersion,
    kind: "RouterAccess",
    metadata: { name },
    spec: { roles: [{ name: role }], tlsCredentials: "t", ...(issuer ? { issuer } : {}) },
    status: { endpoints: [{ name: role, host: "h", port }] },
  } as RouterAccess;
}

/** A namespace in memory, at a time that the test sets. */
function openWest(sites: Site[], accesses: RouterAccess[] = []) {
  const store = memoryPlatform("west");
  const state = { now: 0, reads: 0 };
  const { get } = store;
  store.get = (kind, name, signal) => (state.reads++, get(kind, name, signal));
  const known = { sites: () => sites, routerAccesses: () => accesses };
  const backing = clusterGrantBacking(store, known, memoryLedgerStore(), never, () => state.now);
  const putAuthority = (name: string, text: string) => {
    const data = Buffer.from(text).toString("base64");
    return store.apply<"Secret">({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      data: { "tls.crt": data, "tls.key": data },
    }, never);
  };
  const issuer = async () => (await backing.issuer(grant)).certificatePem;
  return { backing, state, putAuthority, issuer };
}

test("an authority is read once for many redemptions, and a new one is seen soon", async () => {
  const { state, putAuthority, issuer } = openWest([site("west")]);
  await putAuthority("skupper-site-ca", "old");
  const many = await Promise.all(Array.from({ length: 32 }, issuer));
  assert.deepEqual([...new Set(many)], ["old"]);
  assert.equal(state.reads, 1);
  await putAuthority("skupper-site-ca", "new");
  state.now += 1000;
  assert.equal(await issuer(), "new");
});

test("an authority that is missing or lacks its key is named, and sought again at once", async () => {
  const { backing, putAuthority, issuer } = openWest([site("west")]);
  await assert.rejects(
    backing.issuer(grant),
    (error) => isAppError(error, "site-issuer-missing") && /"skupper-site-ca"/.test(error.message),
  );
  await putAuthority("skupper-site-ca", "");
  await assert.rejects(backing.issuer(grant), (error) => isAppError(error, "site-issuer-missing"));
  await putAuthority("skupper-site-ca", "there");
  assert.equal(await issuer(), "there");
});

test("the authority that routers trust signs; the site's own where they trust that", async () => {
  const odd = site("west", { spec: { defaultIssuer: "odd-ca" } });
  const cases: [RouterAccess[], string][] = [
    [[], "odd-ca"],
    [[access("r", "inter-router", "skupper-site-ca", "1")], "skupper-site-ca"],
    [
      [access("r", "inter-router", "skupper-site-ca", "1"), access("s", "edge", "odd-ca", "2")],
      "odd-ca",
    ],
    [[access("r", "normal", "other-ca", "1")], "odd-ca"],
    [[access("r", "inter-router", undefined, "1")], "odd-ca"],
  ];
  for (const [accesses, expected] of cases) {
    const { putAuthority, issuer } = openWest([odd], accesses);
    for (const name of ["odd-ca", "skupper-site-ca", "other-ca"]) await putAuthority(name, name);
    assert.equal(await issuer(), expected);
  }
});

test("a link leads to no router that trusts another authority than the one that signed", async () => {
  const endpoints = [
    { name: "inter-router", host: "h", port: "1" },
    { name: "edge", host: "h", port: "2" },
    { name: "normal", host: "h", port: "3" },
  ];
  const west = site("west", { status: { endpoints } });
  const accesses = [
    access("r", "inter-router", "skupper-site-ca", "1"),
    access("s", "edge", "other-ca", "2"),
  ];
  const { backing } = openWest([west], accesses);
  assert.deepEqual(await backing.endpoints(grant), [endpoints[0]]);
  assert.deepEqual(await openWest([west]).backing.endpoints(grant), endpoints.slice(0, 2));
});

test("of several sites the one that accepts links counts; what is missing is said", async () => {
  const endpoints = [{ name: "inter-router", host: "h", port: "1" }];
  const idle = site("a");
  const { backing } = openWest([idle, site("b", { status: { endpoints } })]);
  assert.deepEqual(await backing.endpoints(grant), endpoints);
  const ready = [{
    type: "Ready",
    status: "True",
    lastTransitionTime: "",
    reason: "",
    message: "",
  }];
  const edge = site("e", { spec: { edge: true }, status: { conditions: ready } } as Partial<Site>);
  const cases = [
    [[edge, idle], "no-endpoints"],
    [[], "site-missing"],
    [[site("a", { spec: { edge: true } })], "site-edge"],
    [[idle], "no-endpoints"],
    [
      [site("a", { status: { endpoints: [{ name: "normal", host: "h", port: "1" }] } })],
      "no-endpoints",
    ],
  ] as const;
  for (const [sites, code] of cases) {
    const refused = openWest([...sites]).backing.endpoints(grant);
    await assert.rejects(refused, (error) => isAppError(error, code), code);
  }
});
