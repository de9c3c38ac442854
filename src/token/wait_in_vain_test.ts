import assert from "node:assert/strict";
import { test } from "node:test";
import type { BaseResource } from "../resources/resource.ts";
import { whyInVain } from "./wait_in_vain.ts";

const around = { namespace: "east", now: Date.parse("2026-03-01T12:00:00Z") };
const condition = (status: string, reason: string) => ({
  type: "Redeemed",
  status,
  reason,
  message: "",
  lastTransitionTime: "2026-03-01T11:00:00Z",
  observedGeneration: 2,
});
const failed = (message: string) => ({ status: "Error", message });
const spec = (fields: object) => ({ spec: fields });

/** A kind, what it is beside its name, and the error that ends a wait for it, if any does. */
const resources: [what: string, kind: string, rest: object, code: string | undefined][] = [
  ["a failed site", "Site", { status: failed("port 55671 is taken") }, "site-failed"],
  [
    "what Skupper's controller says after its restart",
    "Site",
    { status: failed('routeraccesses.skupper.io "skupper-router" already exists') },
    undefined,
  ],
  ["a pending site", "Site", { status: { status: "Pending" } }, undefined],
  [
    "a link that leads nowhere",
    "Link",
    { ...spec({ endpoints: [] }), status: failed("The link has no endpoints") },
    "link-failed",
  ],
  [
    "a link whose Secret may yet come",
    "Link",
    { ...spec({ endpoints: [{ host: "west" }] }), status: failed('Secret "w" does not exist') },
    undefined,
  ],
  ["a link that only the router has", "Link", { status: failed("Deleted") }, undefined],
  ["a refused grant", "AccessGrant", { status: failed('Invalid duration "x"') }, "grant-failed"],
  [
    "an expired grant",
    "AccessGrant",
    { status: { status: "Ready", expirationTime: "2026-03-01T11:59:59Z" } },
    "grant-expired",
  ],
  [
    "a used-up grant",
    "AccessGrant",
    { ...spec({ redemptionsAllowed: 2 }), status: { status: "Ready", redemptions: 2 } },
    "grant-used-up",
  ],
  [
    "a grant with uses left",
    "AccessGrant",
    { ...spec({ redemptionsAllowed: 2 }), status: { status: "Ready", redemptions: 1 } },
    undefined,
  ],
  [
    "a token without a spec",
    "AccessToken",
    { status: failed("spec is missing") },
    "token-not-redeemed",
  ],
  [
    "a token that Skupper's controller tries again",
    "AccessToken",
    { status: failed('Controller got error: Post "https://w": dial tcp: no such host') },
    undefined,
  ],
  [
    "a redeemed token",
    "AccessToken",
    { status: { ...failed("late"), conditions: [condition("True", "Error")] } },
    undefined,
  ],
  [
    "what was changed since its status was written",
    "AccessToken",
    {
      metadata: { generation: 3 },
      status: { ...failed("no"), conditions: [condition("False", "Error")] },
    },
    undefined,
  ],
];

for (const [what, kind, rest, code] of resources) {
  test(`whyInVain() ${code === undefined ? "goes on waiting for" : "ends for"} ${what}`, () => {
    const { metadata, ...fields } = rest as { metadata?: object };
    const resource = {
      apiVersion: "skupper.io/v2alpha1",
      kind,
      metadata: { name: "w", ...metadata },
      ...fields,
    } as BaseResource;
    assert.equal(whyInVain(resource, around)?.code, code);
  });
}
