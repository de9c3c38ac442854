import { Buffer } from "node:buffer";
import type { Now } from "../runtime/clock.ts";
import type { ClientCertificateFiles } from "./client_certificate.ts";

/** A server of the JFrog Platform as requests need it. */
export interface AccessServer {
  /** The platform's base url, with a slash at its end. */
  url: string;
  credentials?: ServerCredentials | undefined;
  clientCertificate?: ClientCertificateFiles | undefined;
  /** The id of the configured server that it is, where its access token can be refreshed. */
  refreshableId?: string | undefined;
  /** True if its certificate is not to be checked. */
  insecureTls?: boolean;
}

/** How a server is told who asks. An access token may be an API key, for which `user` is needed. */
export type ServerCredentials =
  | { accessToken: string; user?: string | undefined }
  | { user: string; password: string };

/** What requests need of the outside. */
export interface AccessSurroundings {
  /** Where proxies and authorities are named. */
  env: Record<string, string | undefined>;
  /** The folder of jf's configuration. */
  home: string;
  now: Now;
  /** What the program was called as, for the commands in what is said. */
  program: string;
  /** Warns the user about a request that is made all the same. */
  warn(text: string): void;
  /** Tells one who wants to know more. */
  detail(text: string): void;
  /** Tells one who waits what for. */
  progress(text: string): void;
}

/** The header Authorization (docs/spec/jfrog.md 1.4). */
export function authorization(credentials: ServerCredentials): string {
  const { user = "" } = credentials;
  if ("password" in credentials) return basic(user, credentials.password);
  return isApiKey(credentials.accessToken)
    ? basic(user, credentials.accessToken)
    : `Bearer ${credentials.accessToken}`;
}

/** True for an API key of Artifactory, which is a password and no access token. */
export function isApiKey(token: string): boolean {
  return token.startsWith("AKCp8") && token.length >= 73;
}

/** True for text that a header can hold. An access token consists of nothing else. */
export function canBeToken(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

/** The secrets among credentials: what must not be shown. */
export function secretsIn(credentials: ServerCredentials | undefined): string[] {
  if (credentials === undefined) return [];
  const secret = "password" in credentials ? credentials.password : credentials.accessToken;
  return [secret, authorization(credentials).replace(/^\w+ /, "")];
}

/** True for a server on this machine, where nobody can listen in. */
export function isLocal(url: URL): boolean {
  return url.hostname === "localhost" || url.hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
