import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { certificatesIn } from "../../../src/pki/certificate.ts";

/** What either end of a connection shows and trusts, as paths of files. */
export type TlsFiles = Record<"ca" | "certificate" | "key", string>;

/**
 * `openssl s_server` in a router's place: demands a certificate of the site, says lines back to
 * front.
 */
export async function startServer(
  files: TlsFiles,
  port: string,
): Promise<ChildProcess> {
  const server = spawn("openssl", [
    ...["s_server", "-accept", `127.0.0.1:${port}`, "-tls1_3", "-rev"],
    ...["-cert", files.certificate, "-key", files.key, ...chainWords(files)],
    ...["-CAfile", files.ca, "-Verify", "2", "-verify_return_error"],
  ], { stdio: ["pipe", "ignore", "ignore"] });
  await once(server, "spawn");
  return server;
}

/**
 * True if `openssl s_client` gets a word through with the credentials: TLS 1.3 refuses only then.
 */
export async function connects(
  port: string,
  files: TlsFiles,
): Promise<boolean> {
  const client = spawn("openssl", [
    ...["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_3", "-quiet"],
    ...["-verify_return_error", "-CAfile", files.ca, "-verify_ip", "127.0.0.1"],
    ...["-cert", files.certificate, "-key", files.key, ...chainWords(files)],
  ], { stdio: ["pipe", "pipe", "ignore"] });
  client.stdin.on("error", () => {}); // it may end before it has read the word
  client.stdin.write("hello\n");
  let heard = "";
  for await (const chunk of client.stdout.setEncoding("utf8")) {
    heard += chunk;
    if (heard.includes("olleh")) client.kill("SIGKILL");
  }
  return heard.includes("olleh");
}

/** Of a file with several certificates, s_client sends no more than the first by itself. */
function chainWords({ certificate }: TlsFiles): string[] {
  const [, ...behind] = certificatesIn(fs.readFileSync(certificate, "utf8"));
  if (behind.length === 0) return [];
  const file = `${certificate}.chain`;
  fs.writeFileSync(file, behind.join(""));
  return ["-cert_chain", file];
}
