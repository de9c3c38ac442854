import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

/** Files of a certificate and its key. */
export interface KeyPairFiles {
  certificate: string;
  key: string;
}

/** A certificate authority made by openssl; its files and all it signs lie in `folder`. */
export class TestAuthority {
  readonly certificate: string;
  readonly #folder: string;
  readonly #key: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.certificate = path.join(folder, "ca.crt");
    this.#key = path.join(folder, "ca.key");
    const request = ["req", "-x509", ...newKey, "-days", "2", "-subj", "/CN=testbed CA"];
    openssl(...request, "-keyout", this.#key, "-out", this.certificate);
  }

  /** A certificate of a server at `names`, in openssl's `IP:…,DNS:…`. */
  signServer(name: string, names: string): KeyPairFiles {
    return this.#sign(name, `/CN=${name}`, `subjectAltName=${names}\nextendedKeyUsage=serverAuth`);
  }

  /**
   * A certificate of a user; Kubernetes takes the name from CN and the group from O. With `days` of
   * 0 it has expired.
   */
  signClient(name: string, group?: string, days = 1): KeyPairFiles {
    const subject = `${group === undefined ? "" : `/O=${group}`}/CN=${name}`;
    return this.#sign(name, subject, "extendedKeyUsage=clientAuth", days);
  }

  #sign(name: string, subject: string, extensions: string, days = 1): KeyPairFiles {
    const file = (ending: string) =>
      path.join(this.#folder, `${name.replaceAll(":", "-")}.${ending}`);
    openssl("req", ...newKey, "-subj", subject, "-keyout", file("key"), "-out", file("csr"));
    fs.writeFileSync(file("ext"), extensions);
    const signed = [
      "x509",
      "-req",
      "-in",
      file("csr"),
      "-days",
      String(days),
      "-extfile",
      file("ext"),
    ];
    const issuer = ["-CA", this.certificate, "-CAkey", this.#key, "-CAcreateserial"];
    openssl(...signed, ...issuer, "-out", file("crt"));
    return { certificate: file("crt"), key: file("key") };
  }
}

/** A key to sign service account tokens with; returns its file. */
export function makeSigningKey(folder: string): string {
  const file = path.join(folder, "service-account.key");
  openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file);
  return file;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
