import { Buffer } from "node:buffer";
import type { Link } from "../resources/link.ts";
import { apiVersion, type Endpoint } from "../resources/resource.ts";
import { type Secret, tlsSecretType } from "../resources/secret.ts";
import { writeResources } from "../resources/yaml.ts";

/** What a redemption gives: the credentials of a link and the addresses it connects to. PEM. */
export interface LinkBundle {
  /** Names the Secret and the Links. */
  name: string;
  certificatePem: string;
  /** Left out where the client made the key. */
  privateKeyPem?: string;
  caPem: string;
  endpoints: readonly Endpoint[];
}

/**
 * The YAML stream of a successful answer: a Secret, then a Link for each group of endpoints, as
 * spec/skupper-kubernetes.md 3 has it but with the groups in order.
 */
export function writeLinkBundle(bundle: LinkBundle): string {
  const secret: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: bundle.name },
    type: tlsSecretType,
    data: {
      "ca.crt": encode(bundle.caPem),
      "tls.crt": encode(bundle.certificatePem),
      ...(bundle.privateKeyPem === undefined ? {} : { "tls.key": encode(bundle.privateKeyPem) }),
    },
  };
  return writeResources([secret, ...linksOf(bundle)], { separatorFirst: true });
}

function linksOf({ name, endpoints }: LinkBundle): Link[] {
  const groups = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const group = groups.get(endpoint.group ?? "");
    if (group === undefined) groups.set(endpoint.group ?? "", [endpoint]);
    else group.push(endpoint);
  }
  const sorted = [...groups.keys()].toSorted().map((group) => groups.get(group)!);
  return sorted.map((endpoints, index) => ({
    apiVersion,
    kind: "Link",
    metadata: { name: sorted.length === 1 ? name : `${name}-${index + 1}` },
    spec: { endpoints, tlsCredentials: name },
  }));
}

function encode(pem: string): string {
  return Buffer.from(pem).toString("base64");
}
