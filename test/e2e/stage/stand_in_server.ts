import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";

/** A TLS server that stands in for a grant service and does whatever a test wants of it. */
export interface StandInServer {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** The certificate to trust it by, PEM. */
  readonly ca: string;
  /** What was asked of it: method and path. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Starts one on a free port of loopback; `answer` may also break the connection. */
export async function startStandInServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<StandInServer> {
  const { certificate, key } = makeCertificate();
  const requests: string[] = [];
  const server = createServer({ cert: certificate, key, minVersion: "TLSv1.3" });
  server.on("request", (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  // A client that refuses the certificate is no failure of the test's.
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    ca: certificate,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An AccessToken, as YAML, for a grant at that server. */
export function standInToken(
  server: Pick<StandInServer, "url" | "ca">,
  name = "west-abcde",
): string {
  return [
    "apiVersion: skupper.io/v2alpha1",
    "kind: AccessToken",
    "metadata:",
    `  name: ${name}`,
    "spec:",
    `  url: ${server.url}/11111111-2222-3333-4444-555555555555`,
    "  code: StandInCode1234567890abc",
    "  ca: |",
    ...server.ca.trimEnd().split("\n").map((line) => `    ${line}`),
    "",
  ].join("\n");
}

/** A certificate for 127.0.0.1 and localhost that is its own authority, made by openssl. */
export function makeCertificate(): { certificate: string; key: string } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-certificate-"));
  const file = (name: string) => path.join(folder, name);
  try {
    execFileSync("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", "/CN=stand-in", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
      ...["-days", "1", "-keyout", file("key"), "-out", file("certificate")],
    ], { stdio: "pipe" });
    return {
      certificate: fs.readFileSync(file("certificate"), "utf8"),
      key: fs.readFileSync(file("key"), "utf8"),
    };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
