import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "../resources/kinds.ts";
import { hiddenValue } from "../resources/hidden_value.ts";
import { findHidden, hideValues } from "./hidden_values.ts";

const apiVersion = "skupper.io/v2alpha1";

test("codes and keys are hidden, and all else is shown", () => {
  const grant = {
    ...{ apiVersion, kind: "AccessGrant", metadata: { name: "a" } },
    spec: { code: "Canary1", redemptionsAllowed: 2 },
    status: { code: "Canary2", url: "https://a" },
  } as Resource;
  const applied = "kubectl.kubernetes.io/last-applied-configuration";
  const secret = {
    ...{ apiVersion: "v1", kind: "Secret" },
    metadata: { name: "a", annotations: { [applied]: '{"data":{"tls.key":"Canary3"}}', b: "c" } },
    data: { "tls.key": "Canary4", "tls.crt": "certificate", password: "Canary5" },
    stringData: null,
  } as Resource;
  const shown = [grant, secret].map(hideValues);
  assert.doesNotMatch(JSON.stringify(shown), /Canary/);
  assert.deepEqual(shown, [
    {
      ...grant,
      spec: { code: hiddenValue, redemptionsAllowed: 2 },
      status: { code: hiddenValue, url: "https://a" },
    },
    {
      ...secret,
      metadata: { name: "a", annotations: { [applied]: hiddenValue, b: "c" } },
      data: { "tls.key": hiddenValue, "tls.crt": "certificate", password: hiddenValue },
    },
  ]);
  assert.equal(findHidden(shown[0]!), "spec.code");
  assert.equal(findHidden({ ...shown[0]!, spec: {} }), undefined, "a status is not read");
  assert.match(findHidden(shown[1]!)!, /^metadata\.annotations|^data/);
  assert.equal(findHidden(grant), undefined);
});

test("a resource without secrets is shown as it is", () => {
  const link = { apiVersion, kind: "Link", metadata: { name: "a" }, spec: { endpoints: [] } };
  assert.equal(hideValues(link as unknown as Resource), link);
});
