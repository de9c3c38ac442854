import { Buffer } from "node:buffer";
import type { Link } from "../resources/link.ts";
import { apiVersion, type Endpoint } from "../resources/resource.ts";
import { tlsSecretType } from "../resources/secret.ts";
import { writeResource, writeResources } from "../resources/yaml.ts";

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
  const metadata = { name: bundle.name };
  const secret = writeResource({ apiVersion: "v1", kind: "Secret", metadata, type: tlsSecretType });
  return `---\n${secret}${writeData(bundle)}${
    writeResources(linksOf(bundle), { separatorFirst: true })
  }`;
}

/**
 * The Secret's data. Written by hand, since base64 needs no quotes and a YAML writer takes longer to
 * find that out than the certificate took to sign.
 */
function writeData({ caPem, certificatePem, privateKeyPem }: LinkBundle): string {
  const data = { "ca.crt": caPem, "tls.crt": certificatePem, "tls.key": privateKeyPem };
  const lines = Object.entries(data).map(([name, pem]) =>
    pem === undefined ? "" : `  ${name}: ${Buffer.from(pem).toString("base64")}\n`
  );
  return `data:\n${lines.join("")}`;
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
