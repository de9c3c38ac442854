import { Buffer } from "node:buffer";
import { lstat } from "node:fs/promises";
import { appError, isAppError } from "../errors/app_error.ts";
import { certificatesIn, readCertificate } from "../pki/certificate.ts";
import { type AccessToken, tokenAnnotations } from "../resources/access_token.ts";
import { hiddenValue } from "../resources/hidden_value.ts";
import { linkCosts } from "../resources/link.ts";
import { isSubdomain } from "../resources/names.ts";
import {
  parseResource,
  type PlainDocument,
  readResources,
  writeResource,
} from "../resources/yaml.ts";
import { decodeText } from "../runtime/decoded_text.ts";
import { checkWritable, readLimited, writeWhole } from "../runtime/files.ts";
import { isSealed } from "./seal.ts";

/** Far more than any token needs. */
export const maxTokenBytes = 1024 * 1024;

/** An AccessToken that has all a redemption needs. */
export type UsableToken = AccessToken & { spec: NonNullable<AccessToken["spec"]> };

/**
 * Reads a token file's content, made by this program or by upstream's; `file` names it in errors.
 * Throws `token-file-invalid`, and `token-sealed` where it must be opened first.
 */
export function parseToken(content: string | Uint8Array, file: string): UsableToken {
  const refuse = (why: string, cause?: unknown) =>
    appError("token-file-invalid", { file, why }, { cause });
  if (Buffer.byteLength(content) > maxTokenBytes) throw refuse("it is larger than 1 MiB");
  if (isSealed(content)) throw appError("token-sealed", { file });
  const text = typeof content === "string" ? content : decodeText(content);
  // deno-lint-ignore no-control-regex -- control characters are what tells binary from text
  if (text === undefined || /[\0-\x08\x0e-\x1f]/.test(text)) throw refuse("it is not text");
  const documents = explained(() => readResources(text, file, { untrusted: true }))
    .flatMap((document) => itemsOf(document) ?? [document]);
  const [document] = documents;
  if (document === undefined) throw refuse("it is empty");
  if (documents.length > 1) {
    throw refuse(`it holds ${documents.length} documents, and a token file holds one`);
  }
  if (document["kind"] !== "AccessToken") throw refuse(describeKind(document));
  const token = withoutState(explained(() => parseResource("AccessToken", document, file)));
  // a block of YAML ends with a line break that is no part of the code
  if (token.spec !== undefined) token.spec.code = token.spec.code.replace(/\r?\n$/, "");
  return checkToken(token, file);

  function explained<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!isAppError(error, "resource-invalid")) throw error;
      throw refuse(error.data.why, error);
    }
  }
}

/**
 * What a token file is for. Status, owners, uid and the like, as in a file that `kubectl get -o
 * yaml` wrote, are the state of another place, and tell nothing of this one.
 */
function withoutState({ apiVersion, kind, metadata, spec }: AccessToken): AccessToken {
  const { name, labels, annotations } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    ...(spec === undefined ? {} : { spec }),
  };
}

/** Checks that a token can be redeemed at all; `file` names it. Throws `token-file-invalid`. */
export function checkToken(token: AccessToken, file: string): UsableToken {
  const refuse = (why: string, cause?: unknown) =>
    appError("token-file-invalid", { file, why }, { cause });
  const { metadata, spec } = token;
  if (!isSubdomain(metadata.name)) {
    throw refuse("metadata.name is not a name Kubernetes would take");
  }
  // the token's name becomes a Secret's, and some names of Secrets mean something to a controller
  if (isReserved(metadata.name)) {
    throw refuse(
      `metadata.name is "${metadata.name}", which is the name of a Secret of Skupper's own`,
    );
  }
  if (spec === undefined) throw refuse("spec is missing");
  const shown: [string, string | undefined][] = [
    ["spec.url", spec.url],
    ["spec.code", spec.code],
    ...Object.values(tokenAnnotations).map((key): [string, string | undefined] => [
      `the annotation ${key}`,
      metadata.annotations?.[key],
    ]),
  ];
  for (const [field, value] of shown) {
    // YAML's escapes bring them past the check of the text
    if (/\p{Cc}/u.test(value ?? "")) throw refuse(`${field} holds control characters`);
  }
  const url = URL.parse(spec.url);
  if (url === null) throw refuse(spec.url === "" ? "spec.url is empty" : "spec.url is not a url");
  if (url.protocol !== "https:") throw refuse("spec.url must begin with https://");
  if (url.username !== "" || url.password !== "") {
    throw refuse("spec.url must hold no user name or password");
  }
  if (spec.code === "") throw refuse("spec.code is empty");
  if (spec.code === hiddenValue) {
    throw refuse("spec.code is hidden: it was printed without --show-secrets");
  }
  try {
    const certificates = certificatesIn(spec.ca);
    // an empty one pins none: the redeemer's system says whom to trust
    if (certificates.length === 0 && spec.ca !== "") throw new Error("no certificate in it");
    certificates.forEach(readCertificate);
  } catch (error) {
    throw refuse("spec.ca is not a certificate in PEM", error);
  }
  const cost = spec.linkCost;
  if (cost !== undefined && (cost < linkCosts.min || cost > linkCosts.max)) {
    throw refuse(`spec.linkCost must be from ${linkCosts.min} to ${linkCosts.max}`);
  }
  return { ...token, spec };
}

/** True for the names that Skupper's controller or ours has for Secrets of its own. */
function isReserved(name: string): boolean {
  return /^(skupper-(grant-server|site|local|service)(-ca|-server)?)$/.test(name) ||
    /^hawser-(grant-service$|ledger-|pending-)/.test(name);
}

/** True for what a shell calls its standard output or one of its other open files. */
function isStandardOutput(path: string): boolean {
  return /^\/(dev\/(stdout|fd\/\d+)|proc\/(self|\d+)\/fd\/\d+)$/.test(path);
}

/** True for a pipe with a name, and for a device such as a terminal. */
async function isPipe(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined); // what is wrong is told when it is written
  return found !== undefined && (found.isFIFO() || found.isCharacterDevice());
}

function standardOutputHint(path: string) {
  return {
    message: `Cannot write a token to ${path}: a token file is written whole, beside its place`,
    help: "Name - instead, and redirect standard output.",
  };
}

/** The content of a token file. */
export function renderToken(token: AccessToken): string {
  return writeResource(token);
}

/** Reads a token file. Throws what `readTokenBytes` and `parseToken` do. */
export async function readTokenFile(path: string, signal?: AbortSignal): Promise<UsableToken> {
  return parseToken(await readTokenBytes(path, signal), path);
}

/** Reads a file with a token. Throws `file-not-found`, `not-readable` or `token-file-invalid`. */
export async function readTokenBytes(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    return await readLimited(path, maxTokenBytes, signal);
  } catch (error) {
    if (!isAppError(error, "file-too-large")) throw error;
    throw appError("token-file-invalid", { file: path, why: "it is larger than 1 MiB" });
  }
}

/**
 * Checks, before a token is issued, that its file can be written. Throws `not-writable`, and
 * `file-exists` if there is a file that is no token file (with `force` such a file is replaced). An
 * empty one, as `mktemp` makes it, is written over. Throws `usage` for a path of standard
 * output, and a pipe.
 */
export async function checkTokenTarget(path: string, options: { force: boolean }): Promise<void> {
  if (isStandardOutput(path) || await isPipe(path)) {
    throw appError("usage", standardOutputHint(path));
  }
  await checkWritable(path);
  if (options.force || !await exists(path)) return;
  try {
    await readTokenFile(path);
  } catch (error) {
    if (isAppError(error, "token-sealed")) return;
    throw appError("file-exists", { file: path }, { cause: error });
  }
}

/** Writes a token, or its text, to its owner's file alone. Throws what `checkTokenTarget` does. */
export async function writeTokenFile(
  path: string,
  token: AccessToken | string,
  options: { force: boolean },
): Promise<void> {
  await checkTokenTarget(path, options);
  const isThere = await lstat(path).then(() => true, () => false);
  const replace = options.force || isThere ? "always" : "never";
  await writeWhole(path, typeof token === "string" ? token : renderToken(token), {
    mode: 0o600,
    replace,
  });
}

/** The resources of a list, as `kubectl get accesstokens -o yaml` prints them. */
function itemsOf({ kind, items }: PlainDocument): PlainDocument[] | undefined {
  if (kind !== "List" && kind !== "AccessTokenList" || !Array.isArray(items)) return undefined;
  return items.map((item) => typeof item === "object" && item !== null ? item : {});
}

function describeKind(document: PlainDocument): string {
  if (isFirstVersion(document)) {
    return "it is a token of Skupper 1, and sites of version 1 and 2 can't be linked";
  }
  const kind = document["kind"];
  return typeof kind === "string" && /^[A-Za-z]{1,63}$/.test(kind)
    ? `it holds ${/^[AEIOU]/.test(kind) ? "an" : "a"} ${kind}, not an AccessToken`
    : "it holds no AccessToken";
}

/** True for a token or a claim of Skupper 1: a Secret whose label says so. */
function isFirstVersion({ kind, metadata }: PlainDocument): boolean {
  const { labels } = (metadata ?? {}) as { labels?: Record<string, unknown> | null };
  const type = labels?.["skupper.io/type"];
  return kind === "Secret" && (type === "token-claim" || type === "connection-token");
}

/** True for a file with something in it: an empty one says nothing, and nothing is lost with it. */
async function exists(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && !(found.isFile() && found.size === 0);
}
