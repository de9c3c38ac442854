import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import { connect } from "node:tls";
import type { ServerFiles } from "../../fakes/test_authority.ts";
import type { Sandbox } from "./harness.ts";

/** Writes a file of the sandbox so that others see all of it or nothing. */
export function putWhole(sandbox: Sandbox, file: string, text: string): void {
  const written = sandbox.write(`${file}.new`, text);
  fs.renameSync(written, written.slice(0, -".new".length));
}

/**
 * Keeps a certificate as certbot does, whose `live` folder has symbolic links to the newest files
 * of `archive`; returns the options that name it.
 */
export function placeByLinks(
  sandbox: Sandbox,
  { chain, key }: ServerFiles,
  number: number,
): string[] {
  const texts = { fullchain: chain, privkey: key };
  const paths = Object.entries(texts).map(([name, text]) => {
    sandbox.write(`acme/archive/grants/${name}${number}.pem`, text);
    const link = sandbox.write(`acme/live/grants/${name}.new`, "");
    fs.rmSync(link);
    fs.symlinkSync(`../../archive/grants/${name}${number}.pem`, link);
    const place = link.replace(/new$/, "pem");
    fs.renameSync(link, place);
    return place;
  });
  return ["--grant-certificate", paths[0]!, "--grant-key", paths[1]!];
}

/** The certificate that the grant service at that port of this machine shows at the moment. */
export function shownCertificate(port: number | string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const options = { host: "localhost", servername: "localhost", port: Number(port) };
    const socket = connect({ ...options, rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

/** True if the service shows that certificate by now. */
export async function isShown(port: number | string, { chain }: ServerFiles): Promise<boolean> {
  const shown = await shownCertificate(port);
  return shown.fingerprint256 === new X509Certificate(chain).fingerprint256;
}
