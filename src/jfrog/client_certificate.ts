import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { appError } from "../errors/app_error.ts";
import { readLimited } from "../runtime/files.ts";

/** Where a client certificate is: PEM files, the key unencrypted. */
export interface ClientCertificateFiles {
  certPath: string;
  /** The certificate's own file if undefined. */
  keyPath?: string | undefined;
}

/** A client certificate as TLS takes it: PEM. */
export interface ClientCertificate {
  cert: string;
  key: string;
}

const maxBytes = 1024 * 1024;

/**
 * Reads a client certificate and its key; `now` is this machine's time in milliseconds. Throws
 * `file-not-found`, `not-readable`, `file-too-large`, and `client-certificate-invalid` for one that
 * no server would take.
 */
export async function readClientCertificate(
  { certPath, keyPath = certPath }: ClientCertificateFiles,
  now: number,
  signal: AbortSignal,
): Promise<ClientCertificate> {
  const read = async (path: string) =>
    Buffer.from(await readLimited(path, maxBytes, signal)).toString("utf8");
  const cert = await read(certPath);
  const certificate = parseCertificate(cert, certPath);
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const clock = `this machine's clock says ${new Date(now).toISOString()}`;
  if (now > to) throw refuse(certPath, `it expired at ${new Date(to).toISOString()}; ${clock}`);
  if (now < from) {
    throw refuse(certPath, `it is not valid before ${new Date(from).toISOString()}; ${clock}`);
  }
  const key = findKey(await read(keyPath), keyPath, certPath);
  if (!certificate.checkPrivateKey(parseKey(key, keyPath))) {
    throw refuse(certPath, `the key in ${keyPath} is not its key`);
  }
  return { cert, key };
}

function refuse(path: string, why: string, cause?: unknown) {
  return appError("client-certificate-invalid", { path, why }, { cause });
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw refuse(path, "it is not a certificate in PEM format", cause);
  }
}

/** The key's block alone: what stands before it in a file is not taken by every runtime. */
function findKey(pem: string, path: string, certPath: string): string {
  const key = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^]*?-----END \1PRIVATE KEY-----/.exec(pem)?.[0];
  if (key !== undefined) return key;
  throw path === certPath
    ? refuse(path, "there is no private key in it; --client-cert-key-path names the key's file")
    : refuse(certPath, `there is no private key in ${path}`);
}

function parseKey(pem: string, path: string): KeyObject {
  if (/ENCRYPTED/.test(pem)) throw refuse(path, "its private key is encrypted");
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw refuse(path, "its private key can't be read", cause);
  }
}
