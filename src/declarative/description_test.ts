import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "../resources/kinds.ts";
import { describeResource } from "./description.ts";

test("describeResource() has values begin in one column as far as they follow each other", () => {
  const site = {
    apiVersion: "skupper.io/v2alpha1",
    kind: "Site",
    metadata: { name: "west", namespace: "west", labels: { a: "1", b: "2" }, generation: 1 },
    spec: { linkAccess: "default", settings: { size: "s" } },
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      controller: { name: "c" },
      defaultIssuer: "ca",
      text: "one\ntwo\n",
    },
  } as unknown as Resource;
  assert.equal(
    describeResource(site).join("\n"),
    `\
Name:         west
Namespace:    west
Labels:       a=1
              b=2
Annotations:  <none>
API Version:  skupper.io/v2alpha1
Kind:         Site
Metadata:
  Generation:  1
Spec:
  Link Access:  default
  Settings:
    Size:  s
Status:
  Conditions:
    Type:    Ready
    Status:  True
  Controller:
    Name:          c
  Default Issuer:  ca
  Text:
    one
    two`,
  );
});
