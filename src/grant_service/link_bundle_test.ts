import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "../resources/resource.ts";
import { readResources } from "../resources/yaml.ts";
import { writeLinkBundle } from "./link_bundle.ts";

function endpoint(name: string, group?: string): Endpoint {
  return { name, host: "west.example.com", port: "55671", ...(group ? { group } : {}) };
}

const pem = { certificatePem: "certificate", caPem: "authority" };

test("writeLinkBundle() writes a Secret and a Link as upstream does", () => {
  const endpoints = [
    endpoint("inter-router", "skupper-router"),
    endpoint("edge", "skupper-router"),
  ];
  const bundle = { name: "east", ...pem, privateKeyPem: "key", endpoints };
  assert.equal(
    writeLinkBundle(bundle),
    `---
apiVersion: v1
kind: Secret
metadata:
  name: east
type: kubernetes.io/tls
data:
  ca.crt: YXV0aG9yaXR5
  tls.crt: Y2VydGlmaWNhdGU=
  tls.key: a2V5
---
apiVersion: skupper.io/v2alpha1
kind: Link
metadata:
  name: east
spec:
  endpoints:
    - name: inter-router
      host: west.example.com
      port: '55671'
      group: skupper-router
    - name: edge
      host: west.example.com
      port: '55671'
      group: skupper-router
  tlsCredentials: east
`,
  );
});

test("writeLinkBundle() leaves the key out where there is none", () => {
  const text = writeLinkBundle({ name: "east", ...pem, endpoints: [endpoint("edge")] });
  assert.ok(!text.includes("tls.key"));
});

test("writeLinkBundle() writes a Link for each group, in order", () => {
  const endpoints = [endpoint("edge", "b"), endpoint("inter-router", "a"), endpoint("edge", "a")];
  const text = writeLinkBundle({ name: "east", ...pem, endpoints });
  assert.deepEqual(text.match(/name: east-\d|group: \w/g), [
    "name: east-1",
    "group: a",
    "group: a",
    "name: east-2",
    "group: b",
  ]);
  assert.equal(text.match(/tlsCredentials: east\n/g)?.length, 2);
});

test("writeLinkBundle() is read as it was meant, whatever names look like", () => {
  const endpoints = [{ name: "edge", host: "fd00::1", port: "45671", group: "1e3" }];
  const [secret, link] = readResources(
    writeLinkBundle({ name: "0x1", ...pem, endpoints }),
    "answer",
  );
  assert.deepEqual(secret?.["metadata"], { name: "0x1" });
  assert.deepEqual(link?.["metadata"], { name: "0x1" });
  assert.deepEqual(link?.["spec"], { endpoints, tlsCredentials: "0x1" });
});
