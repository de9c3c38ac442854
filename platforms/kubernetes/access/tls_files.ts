import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { appError } from "../../../src/errors/app_error.ts";
import { explainSystemError } from "../../../src/runtime/system_error.ts";
import type { ExecCredential } from "./exec_plugin.ts";
import type { ClusterEntry, UserEntry } from "./kubeconfig.ts";

/** PEM. */
export interface TlsFiles {
  /** Undefined: the system's authorities. */
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

/**
 * The authorities of the cluster, as they are now; undefined: the system's. Throws `not-readable`.
 */
export async function readServerAuthority(cluster: ClusterEntry): Promise<Buffer | undefined> {
  return await readEither(cluster, "certificate-authority");
}

/** The user's certificate and key, as they are now; a plugin's beat them. Throws `not-readable`. */
export async function readClientFiles(
  user: UserEntry,
  credential: ExecCredential | undefined,
): Promise<TlsFiles> {
  const { certificate, key: credentialKey } = credential ?? {};
  const cert = certificate === undefined
    ? await readEither(user, "client-certificate")
    : Buffer.from(certificate);
  const key = credentialKey === undefined
    ? await readEither(user, "client-key")
    : Buffer.from(credentialKey);
  return { ...(cert && { cert }), ...(key && { key }) };
}

/**
 * Why TLS would fail with these, if it would; the runtimes' own words for it differ, and say
 * little.
 */
export function whyUnusable({ ca, cert, key }: TlsFiles): string | undefined {
  if (ca !== undefined && tryTo(() => new X509Certificate(ca)) === undefined) {
    return "its certificate-authority is no certificate";
  }
  // a runtime reads DER here and trusts nobody by it
  if (ca !== undefined && !ca.includes("-----BEGIN ")) {
    return "its certificate-authority is in DER, and must be in PEM";
  }
  const certificate = cert && tryTo(() => new X509Certificate(cert));
  const privateKey = key && tryTo(() => createPrivateKey(key));
  if (cert !== undefined && certificate === undefined) return "its client-certificate is none";
  if (key !== undefined && privateKey === undefined) return "its client-key is no private key";
  if ((certificate === undefined) !== (privateKey === undefined)) {
    return "it has a client-certificate or a client-key without the other";
  }
  return certificate === undefined || certificate.checkPrivateKey(privateKey!)
    ? undefined
    : "its client-key is not that of its client-certificate";
}

/**
 * The file a kubeconfig names. Throws `not-readable`. A file is read at once: where a controller
 * serves many, each wait is one behind all that they want, and each request reads up to three.
 */
export async function readNamedFile(path: string): Promise<Buffer> {
  try {
    return statSync(path).isFile() ? readFileSync(path) : await readFile(path);
  } catch (cause) {
    throw appError("not-readable", { path, why: explainSystemError(cause) }, { cause });
  }
}

/** What a kubeconfig gives as the path of a file, or in base64 as `<name>-data`, which wins. */
async function readEither<N extends string>(
  entry: { [key in N | `${N}-data`]?: string },
  name: N,
): Promise<Buffer | undefined> {
  const { [name]: file, [`${name}-data` as const]: data } = entry;
  if (data) return Buffer.from(data, "base64");
  return file ? await readNamedFile(file) : undefined;
}

function tryTo<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
