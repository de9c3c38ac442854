import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { appError } from "../errors/app_error.ts";
import { readCertificate } from "../pki/certificate.ts";
import { encodePem } from "../pki/pem.ts";
import type { Link } from "../resources/link.ts";
import type { Endpoint } from "../resources/resource.ts";
import { type Secret, secretText } from "../resources/secret.ts";
import { explainRefusedCertificate } from "./refused_certificate.ts";
import { finish, hearFirst, lookUp, openTcp, withinConnectLimit } from "../network/connection.ts";
import {
  codeOf,
  describeConnectionError,
  isCertificateRefused,
} from "../network/connection_fault.ts";
import { fetchCertificates, secure } from "../network/tls.ts";

/** One step of a connection: the name is looked up, TCP, the server's certificate, then ours. */
export interface CheckStep {
  step: "name" | "connection" | "tls" | "certificate";
  ok: boolean;
  detail: string;
}

/** How far a connection to one endpoint of a link comes. */
export interface EndpointCheck {
  /** The endpoint's role: inter-router or edge. */
  name: string;
  host: string;
  port: string;
  ok: boolean;
  /** Those that were taken; only the last one can have failed. */
  steps: CheckStep[];
  /** What a router would object to although this check passes. */
  warning?: string;
}

/**
 * The header that opens SASL on an AMQP connection (AMQP 1.0, 5.3.1): a router answers it in kind.
 */
const saslHeader = Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0]);

/**
 * How long a server has to object to our certificate: TLS 1.3 lets it do so after the handshake.
 */
const objectionMs = 1000;

/** What a step that failed throws. */
class FailedStep extends Error {
  readonly step: CheckStep["step"];

  constructor(step: CheckStep["step"], detail: string) {
    super(detail);
    this.step = step;
  }
}

/**
 * Connects to each endpoint of the link with its credentials, all at once, as a router would. What
 * fails is in the result; throws `resource-invalid` for a Secret without credentials, and the
 * signal's reason.
 */
export function checkLink(
  link: Link,
  secret: Secret,
  signal: AbortSignal,
): Promise<EndpointCheck[]> {
  const [ca, cert, key] = ["ca.crt", "tls.crt", "tls.key"].map((part) => {
    const text = secretText(secret, part);
    if (text !== undefined) return text;
    const where = `Secret "${secret.metadata.name}"`;
    throw appError("resource-invalid", { where, why: `it has no ${part}` });
  });
  const credentials = { ca: ca!, cert: cert!, key: key! };
  const endpoints = link.spec?.endpoints ?? [];
  return Promise.all(endpoints.map((endpoint) => checkEndpoint(endpoint, credentials, signal)));
}

interface TlsCredentials {
  ca: string;
  cert: string;
  key: string;
}

async function checkEndpoint(
  { name = "", host = "", port = "" }: Endpoint,
  credentials: TlsCredentials,
  signal: AbortSignal,
): Promise<EndpointCheck> {
  const check: EndpointCheck = { name, host, port, ok: true, steps: [] };
  const passed = (step: CheckStep["step"], detail: string) =>
    check.steps.push({ step, ok: true, detail });
  try {
    if (isIP(host) === 0) passed("name", await addressOf(host, signal));
    const socket = await connect(host, Number(port), credentials, passed, signal);
    try {
      const warning = warnOfName(socket, host);
      if (warning !== undefined) check.warning = warning;
      passed("certificate", await presentCertificate(socket, signal));
    } finally {
      await finish(socket); // else the router would log that the connection broke off
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof FailedStep)) throw error;
    check.ok = false;
    check.steps.push({ step: error.step, ok: false, detail: error.message });
  }
  return check;
}

async function addressOf(host: string, signal: AbortSignal): Promise<string> {
  try {
    return await lookUp(host, signal);
  } catch (error) {
    throw new FailedStep("name", describeConnectionError(error, host).why);
  }
}

function connect(
  host: string,
  port: number,
  credentials: TlsCredentials,
  passed: (step: CheckStep["step"], detail: string) => void,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return withinConnectLimit(async (bounded) => {
    const socket = await openTcp(host, port, bounded).catch((error) => {
      throw new FailedStep("connection", describeConnectionError(error, host).why);
    });
    passed("connection", `connected to port ${port}`);
    const options = { ...credentials, minVersion: "TLSv1.2" } as const;
    const secured = await secure(socket, host, options, bounded).catch(async (error) => {
      if (isOurCertificateRefused(error)) throw refused(error);
      throw new FailedStep("tls", await explainTls(error, host, port, credentials.ca, bounded));
    });
    passed("tls", `${secured.getProtocol()}, its certificate is for ${host}`);
    return secured;
  }, signal);
}

async function explainTls(
  error: unknown,
  host: string,
  port: number,
  ca: string,
  signal: AbortSignal,
): Promise<string> {
  if (!isCertificateRefused(error)) return describeConnectionError(error, host).why;
  const fetch = async () =>
    await fetchCertificates(await openTcp(host, port, signal), host, signal);
  return (await explainRefusedCertificate(fetch, ca, Date.now())).why;
}

/** Waits for the server to object to the certificate it was shown. */
async function presentCertificate(socket: TLSSocket, signal: AbortSignal): Promise<string> {
  try {
    const heard = await hearFirst(socket, saslHeader, objectionMs, signal);
    if (heard === undefined) return "the server has no objection";
    const isRouter = heard[0] === saslHeader[0] && heard[1] === saslHeader[1];
    return isRouter ? "a router accepts it" : "the server accepts it";
  } catch (error) {
    signal.throwIfAborted();
    throw refused(error);
  }
}

/**
 * The alerts a server sends about a client's certificate (RFC 8446 6.2); their names differ by
 * runtime.
 */
function isOurCertificateRefused(error: unknown): boolean {
  return /alert.*(certificate|unknown_?ca|access_?denied)/i.test(codeOf(error));
}

function refused(error: unknown): FailedStep {
  const alert = /ALERT_(.*)$/.exec(codeOf(error))?.[1]?.toLowerCase().replaceAll("_", " ");
  return new FailedStep(
    "certificate",
    alert === undefined
      ? "the server closed the connection when it saw the link's certificate"
      : `the server refuses the link's certificate (${alert})`,
  );
}

/**
 * skupper-router compares the host with DNS names and the common name only
 * (docs/spec/peers.md 4.1).
 */
function warnOfName(socket: TLSSocket, host: string): string | undefined {
  if (isIP(host) === 0) return undefined;
  const certificate = readCertificate(encodePem("CERTIFICATE", socket.getPeerCertificate().raw));
  if (certificate.subject === host || certificate.dnsNames.includes(host)) return undefined;
  return `a router will not connect: it does not find ${host} among the DNS names of the server's ` +
    "certificate, and ignores its IP addresses";
}
