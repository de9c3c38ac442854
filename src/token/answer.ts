import type { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { appError, isAppError } from "../errors/app_error.ts";
import type { Kind, ResourceOf } from "../resources/kinds.ts";
import type { Link } from "../resources/link.ts";
import { isSubdomain } from "../resources/names.ts";
import type { Endpoint } from "../resources/resource.ts";
import { linkRoles } from "../resources/router_access.ts";
import type { Secret } from "../resources/secret.ts";
import { parseResource, type PlainDocument, readResources } from "../resources/yaml.ts";
import { readCredentials, type ReceivedCredentials } from "./answer_credentials.ts";

/** The request, to compare the answer with. */
export interface Asked {
  url: string;
  /** The name sent: the Secret's and the Links' to be. */
  name: string;
  /** Our own key (PEM), which the certificate is for unless a key comes along. */
  privateKeyPem: string;
}

/** The parts of an answer that are kept once it has been judged. */
export interface ReceivedLinks {
  credentials: ReceivedCredentials;
  /** In the order of their names; the first is `<name>` or `<name>-1`. */
  links: { name: string; endpoints: Endpoint[] }[];
}

const maxLinks = 16;

/**
 * Judges a grant service's answer (docs/spec/redemption.md 3.2), which is hostile until proven
 * good: one Secret with a certificate for our key, then 1 to 16 Links named as we asked. Throws
 * `answer-invalid`.
 */
export function readAnswer(body: Buffer, asked: Asked): ReceivedLinks {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const [first, ...others] = readResources(text, "it", { untrusted: true });
    const secret = expectKind("Secret", first, 1);
    const links = others.map((document, index) => expectKind("Link", document, index + 2));
    checkName(secret, [asked.name]);
    return { credentials: readCredentials(secret, asked), links: readLinks(links, asked.name) };
  } catch (error) {
    // what the answer says is not for a terminal to obey
    const why = explain(error).slice(0, 300).replace(/[^\x20-\x7e]/g, "?");
    throw appError("answer-invalid", { url: asked.url, why }, { cause: error });
  }
}

function show(text: string): string {
  return `"${text.slice(0, 80)}"`;
}

function explain(error: unknown): string {
  if (isAppError(error, "resource-invalid")) return error.data.why;
  return error instanceof TypeError ? "it is not text" : (error as Error).message;
}

function expectKind<K extends Kind>(
  kind: K,
  document: PlainDocument | undefined,
  position: number,
): ResourceOf<K> {
  if (document === undefined) throw new Error("it is empty");
  const found = document["kind"];
  if (found === kind) return parseResource(kind, document, "it");
  const what = typeof found === "string" ? `a ${show(found)}` : "no resource";
  throw new Error(`document ${position} is ${what} where a ${kind} belongs`);
}

function checkName(resource: Secret | Link, allowed: string[]): void {
  const { kind, metadata } = resource;
  if (allowed.includes(metadata.name)) return;
  throw new Error(`a ${kind} is named ${show(metadata.name)} where ${allowed[0]} was asked for`);
}

function readLinks(links: Link[], name: string): ReceivedLinks["links"] {
  if (links.length === 0) throw new Error("it holds no Link");
  if (links.length > maxLinks) throw new Error(`it holds more than ${maxLinks} Links`);
  const numbered = links.map((_, index) => `${name}-${index + 1}`);
  const allowed = links.length === 1 ? [name, ...numbered] : numbered;
  const read = links.map((link) => {
    checkName(link, allowed);
    const { endpoints, tlsCredentials } = link.spec ?? { endpoints: [] };
    if (tlsCredentials !== undefined && tlsCredentials !== name) {
      throw new Error(`a Link uses the credentials ${show(tlsCredentials)}`);
    }
    if (endpoints.length === 0) throw new Error("a Link has no endpoints");
    return { name: link.metadata.name, endpoints: endpoints.map(readEndpoint) };
  });
  if (new Set(read.map((link) => link.name)).size < read.length) {
    throw new Error("two Links have the same name");
  }
  return read.sort((a, b) => allowed.indexOf(a.name) - allowed.indexOf(b.name));
}

function readEndpoint({ name = "", host = "", port = "", group }: Endpoint): Endpoint {
  if (!Object.hasOwn(linkRoles, name)) throw new Error(`an endpoint has the role ${show(name)}`);
  if (isIP(host) === 0 && !isSubdomain(host.toLowerCase())) {
    throw new Error(`an endpoint has the host ${show(host)}`);
  }
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65535) {
    throw new Error(`an endpoint has the port ${show(port)}`);
  }
  if (group !== undefined && !isSubdomain(group)) {
    throw new Error(`an endpoint has the group ${show(group)}`);
  }
  return { name, host, port, ...(group === undefined ? {} : { group }) };
}
