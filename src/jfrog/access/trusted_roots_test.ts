import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { createAuthority } from "../../pki/authority.ts";
import { isAppError } from "../../errors/app_error.ts";
import { trustedRoots } from "./trusted_roots.ts";

const [one, two] = await Promise.all(
  ["one", "two"].map(async (name) => (await createAuthority(name)).certificatePem.trim()),
);

function withFolder(body: (folder: string, certs: string) => void) {
  return () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-roots-"));
    const certs = path.join(folder, "security", "certs");
    fs.mkdirSync(certs, { recursive: true });
    try {
      body(folder, certs);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  };
}

test(
  "trustedRoots() adds every certificate of security/certs, and passes over all else",
  withFolder((folder, certs) => {
    fs.writeFileSync(path.join(certs, "a.pem"), `# both\n${one}\n${two}\n`);
    fs.writeFileSync(path.join(certs, "b"), "no certificate");
    fs.mkdirSync(path.join(certs, "folder"));
    const empty = path.join(folder, "none.pem");
    fs.writeFileSync(empty, "");
    assert.deepEqual(trustedRoots(folder, { SSL_CERT_FILE: empty }), [one, two]);
    assert.deepEqual(trustedRoots(path.join(folder, "nowhere"), { SSL_CERT_FILE: empty }), []);
  }),
);

test(
  "trustedRoots() takes what SSL_CERT_FILE and SSL_CERT_DIR name in place of the system's",
  withFolder((folder, certs) => {
    const file = path.join(folder, "one.pem");
    fs.writeFileSync(file, one!);
    fs.mkdirSync(path.join(folder, "more"));
    fs.writeFileSync(path.join(folder, "more", "two.pem"), two!);
    const home = path.join(certs, "empty");
    const more = `${path.join(folder, "more")}:${path.join(folder, "missing")}`;
    assert.deepEqual(trustedRoots(home, { SSL_CERT_FILE: file, SSL_CERT_DIR: more }), [one, two]);
    assert.deepEqual(trustedRoots(home, { SSL_CERT_DIR: more }), [two]);
    const extra = { SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: path.join(folder, "more/two.pem") };
    assert.deepEqual(trustedRoots(home, extra), [one, two]);
    const same = { SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: file };
    assert.deepEqual(trustedRoots(home, same), [one]);
    for (const variable of ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]) {
      assert.throws(
        () => trustedRoots(home, { [variable]: path.join(folder, "missing") }),
        (error) =>
          isAppError(error, "not-readable") &&
          error.message.endsWith(`missing: it does not exist; ${variable} names it`),
      );
    }
  }),
);

test("trustedRoots() has the system's authorities", () => {
  assert.match(trustedRoots("/nowhere", {}).join("\n"), /-----BEGIN CERTIFICATE-----/);
});
