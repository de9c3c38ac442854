import { Buffer } from "node:buffer";
import { apiVersion, type Endpoint } from "../resources/resource.ts";
import { tlsSecretType } from "../resources/secret.ts";
import { writeYamlText } from "../resources/yaml.ts";

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
 * docs/spec/skupper-kubernetes.md 3 has it but with the groups in order. Put together by hand: a
 * YAML writer takes longer to look for what needs quotes than the certificate took to sign.
 */
export function writeLinkBundle(bundle: LinkBundle): string {
  const { name, endpoints } = bundle;
  const groups = groupsOf(endpoints);
  const links = groups.map((group, index) =>
    writeLink(groups.length === 1 ? name : `${name}-${index + 1}`, name, group)
  );
  return writeSecret(bundle) + links.join("");
}

function writeSecret({ name, caPem, certificatePem, privateKeyPem }: LinkBundle): string {
  const data = { "ca.crt": caPem, "tls.crt": certificatePem, "tls.key": privateKeyPem };
  const lines = Object.entries(data).map(([key, pem]) =>
    pem === undefined ? "" : `  ${key}: ${Buffer.from(pem).toString("base64")}\n`
  );
  return `---
apiVersion: v1
kind: Secret
metadata:
  name: ${writeYamlText(name)}
type: ${tlsSecretType}
data:
${lines.join("")}`;
}

function writeLink(name: string, credentials: string, endpoints: Endpoint[]): string {
  return `---
apiVersion: ${apiVersion}
kind: Link
metadata:
  name: ${writeYamlText(name)}
spec:
  endpoints:
${endpoints.map(writeEndpoint).join("")}  tlsCredentials: ${writeYamlText(credentials)}
`;
}

function writeEndpoint(endpoint: Endpoint): string {
  const { name, host, port, group } = endpoint;
  const fields = Object.entries({ name, host, port, group }).filter(([, value]) =>
    value !== undefined
  );
  const lines = fields.map(([key, value]) => `${key}: ${writeYamlText(value!)}\n`);
  return `    - ${lines.join("      ")}`;
}

function groupsOf(endpoints: readonly Endpoint[]): Endpoint[][] {
  const groups = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const group = groups.get(endpoint.group ?? "");
    if (group === undefined) groups.set(endpoint.group ?? "", [endpoint]);
    else group.push(endpoint);
  }
  return [...groups.keys()].toSorted().map((group) => groups.get(group)!);
}
