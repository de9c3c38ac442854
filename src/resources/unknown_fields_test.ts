import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kind } from "./kinds.ts";
import { findUnknownFields } from "./unknown_fields.ts";

const cases: [Kind, object, [path: string, likely?: string][]][] = [
  ["AccessGrant", { spec: { redemptionsAllowed: 1, issuer: "x", settings: { any: "1" } } }, []],
  ["AccessGrant", { spec: { redemptionAllowed: 3 } }, [[
    "spec.redemptionAllowed",
    "redemptionsAllowed",
  ]]],
  ["AccessGrant", { spec: { RedemptionsAllowed: 3 } }, [[
    "spec.RedemptionsAllowed",
    "redemptionsAllowed",
  ]]],
  ["AccessGrant", { spec: { expiration: "3h" } }, [["spec.expiration"]]],
  ["AccessGrant", { status: { anything: 1 }, "hawser/origin": "x" }, []],
  ["AccessGrant", { specs: {}, metadata: { name: "a", label: {} } }, [
    ["specs", "spec"],
    ["metadata.label", "labels"],
  ]],
  ["RouterAccess", { spec: { roles: [{ name: "edge", prot: 1 }] } }, [[
    "spec.roles.0.prot",
  ]]],
  ["Secret", { data: { any: "" }, stringData: { any: "" }, type: "x", immutable: true }, []],
  ["Site", { spec: null, metadata: null }, []],
];

for (const [kind, parts, wanted] of cases) {
  test(`findUnknownFields() of ${kind} ${JSON.stringify(parts)}`, () => {
    const document = { apiVersion: "skupper.io/v2alpha1", kind, metadata: { name: "a" }, ...parts };
    const found = findUnknownFields(kind, document);
    assert.deepEqual(
      found.map(({ path, likely }) => [path.join("."), ...(likely ? [likely] : [])]),
      wanted,
    );
  });
}
