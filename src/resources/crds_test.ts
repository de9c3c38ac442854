import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { type Kind, schemas } from "./kinds.ts";
import { apiVersion } from "./resource.ts";
import { parseResource, readResources } from "./yaml.ts";

const files = {
  Site: "site",
  Link: "link",
  AccessGrant: "access_grant",
  AccessToken: "access_token",
  RouterAccess: "router_access",
} as const;

/** The part of JSON schema that the CRDs use. */
interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  required?: string[];
  enum?: string[];
  additionalProperties?: JsonSchema | boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
}

async function crdSchema(kind: keyof typeof files): Promise<JsonSchema> {
  const url = new URL(
    `../../platforms/kubernetes/manifests/definitions/${files[kind]}.json`,
    import.meta.url,
  );
  const [crd] = readResources(await readFile(url, "utf8"), url.pathname);
  const shape = z.object({
    spec: z.object({
      versions: z.tuple([
        z.object({ schema: z.object({ openAPIV3Schema: z.custom<JsonSchema>() }) }),
      ]),
    }),
  });
  return shape.parse(crd).spec.versions[0].schema.openAPIV3Schema;
}

/**
 * What is compared: no descriptions, formats and patterns, and no limits that only say "an
 * integer".
 */
function essence(schema: JsonSchema): JsonSchema {
  const { type, properties, items, required, minimum, maximum, minLength, maxLength } = schema;
  const result: JsonSchema = { type: type ?? "any" };
  if (properties) {
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, essence(property)]),
    );
  }
  if (items) result.items = essence(items);
  if (required?.length) result.required = required.toSorted();
  if (schema.enum) result.enum = schema.enum.toSorted();
  if (typeof schema.additionalProperties === "object" && schema.additionalProperties.type) {
    result.additionalProperties = essence(schema.additionalProperties);
  }
  if (minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER) result.minimum = minimum;
  if (maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER) result.maximum = maximum;
  if (minLength !== undefined) result.minLength = minLength;
  if (maxLength !== undefined) result.maxLength = maxLength;
  return result;
}

/** Any value the schema accepts, now and then with a field it does not name. */
function accepted(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case "string":
      return fc.string({ minLength: schema.minLength ?? 0, maxLength: 20 });
    case "integer":
      return fc.integer({ min: schema.minimum ?? -1000 });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(accepted(schema.items!), { maxLength: 3 });
    case "object":
      return acceptedObject(schema);
    default:
      throw new Error(`a CRD uses type ${schema.type}`);
  }
}

function acceptedObject(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (typeof schema.additionalProperties === "object") {
    const key = fc.string().filter((text) => text !== "__proto__");
    return fc.dictionary(key, accepted(schema.additionalProperties), { noNullPrototype: true });
  }
  const fields: Record<string, fc.Arbitrary<unknown>> = { "x-unknown": fc.jsonValue() };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    fields[name] = accepted(property);
  }
  return fc.record(fields, { requiredKeys: schema.required ?? [], noNullPrototype: true });
}

for (const kind of Object.keys(files) as (keyof typeof files)[]) {
  describe(`the schema of ${kind}`, () => {
    for (const part of ["spec", "status"]) {
      test(`has in its ${part} what the CRD has, and no more`, async () => {
        const ours = z.toJSONSchema(schemas[kind](), { unrepresentable: "any" }) as JsonSchema;
        const crd = await crdSchema(kind);
        assert.deepEqual(essence(ours.properties![part]!), essence(crd.properties![part]!));
      });
    }

    test("accepts and keeps whatever the CRD accepts", async () => {
      const { properties } = await crdSchema(kind);
      const resource = fc.record(
        {
          apiVersion: fc.constant(apiVersion),
          kind: fc.constant(kind),
          metadata: fc.constant({ name: "a", creationTimestamp: null }),
          spec: accepted(properties!.spec!),
          status: accepted(properties!.status!),
        },
        { requiredKeys: ["apiVersion", "kind", "metadata"], noNullPrototype: true },
      );
      fc.assert(fc.property(resource, (document) => {
        assert.deepEqual(parseResource(kind, document, "generated"), document);
      }));
    });
  });
}

describe("what Skupper's own programs write", () => {
  // by the Kubernetes serializer: keys sorted, zero times as null, an empty status
  const written: [kind: Kind, text: string][] = [
    [
      "Site",
      `apiVersion: skupper.io/v2alpha1
kind: Site
metadata:
  creationTimestamp: null
  name: west
  namespace: west
spec:
  linkAccess: default
status:
  conditions:
  - lastTransitionTime: "2026-01-01T10:00:00Z"
    message: OK
    reason: Ready
    status: "True"
    type: Configured
  endpoints:
  - host: ""
    name: west-inter-router
    port: "55671"
  message: OK
  status: Ready
`,
    ],
    [
      "Secret",
      `---
apiVersion: v1
data:
  ca.crt: Y2E=
  tls.crt: Y3J0
  tls.key: a2V5
kind: Secret
metadata:
  annotations: null
  creationTimestamp: null
  name: link-west
type: kubernetes.io/tls
`,
    ],
    [
      "Link",
      `---
apiVersion: skupper.io/v2alpha1
kind: Link
metadata:
  creationTimestamp: null
  name: link-west
spec:
  cost: 1
  endpoints:
  - host: 10.0.0.1
    name: inter-router
    port: "55671"
  tlsCredentials: link-west
status: {}
`,
    ],
    [
      "RouterAccess",
      `apiVersion: skupper.io/v2alpha1
kind: RouterAccess
metadata:
  creationTimestamp: null
  name: west
spec:
  roles:
  - name: inter-router
    port: 55671
  tlsCredentials: ""
status: {}
`,
    ],
    [
      "AccessToken",
      `apiVersion: skupper.io/v2alpha1
kind: AccessToken
metadata:
  name: west-1b0c2f0e
spec:
  ca: |
    -----BEGIN CERTIFICATE-----
    MIIB
    -----END CERTIFICATE-----
  code: 5wk3pFkNY6I4sNTU2gqYfqCV
  url: https://10.0.0.1:9090/7d9cbd4c-0f49-4a05-a0e2-3ff7fb2ac3c5
`,
    ],
  ];
  for (const [kind, text] of written) {
    test(`a ${kind} is read and kept`, () => {
      const [document] = readResources(text, "upstream.yaml", { untrusted: true });
      assert.deepEqual(parseResource(kind, document, "upstream.yaml"), document);
    });
  }
});
