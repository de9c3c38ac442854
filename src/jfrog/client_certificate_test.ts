import assert from "node:assert/strict";
import { test } from "node:test";
import { hasOpenssl, type Openssl, withOpenssl } from "../../test/openssl.ts";
import { isAppError } from "../errors/app_error.ts";
import { readClientCertificate } from "./client_certificate.ts";

const { signal } = new AbortController();

async function makeFiles(openssl: Openssl): Promise<string> {
  const make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=me -days 2";
  openssl.run(`${make} -keyout key -out cert`);
  openssl.run(`${make} -keyout otherkey -out othercert`);
  openssl.run("ec -in key -aes128 -passout pass:secret -out locked");
  await openssl.write("both", await openssl.read("cert") + await openssl.read("key"));
  await openssl.write("torn", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  await openssl.write("text", "nothing of the kind");
  return openssl.folder;
}

test(
  "readClientCertificate() reads certificate and key, from one file or two (needs openssl)",
  { skip: !hasOpenssl },
  withOpenssl(async (openssl) => {
    const folder = await makeFiles(openssl);
    const read = (cert: string, key?: string) =>
      readClientCertificate(
        { certPath: `${folder}/${cert}`, keyPath: key && `${folder}/${key}` },
        Date.now(),
        signal,
      );
    assert.match((await read("cert", "key")).key, /PRIVATE KEY/);
    assert.match((await read("both")).cert, /BEGIN CERTIFICATE/);
  }),
);

test(
  "readClientCertificate() says what no server would take (needs openssl)",
  { skip: !hasOpenssl },
  withOpenssl(async (openssl) => {
    const folder = await makeFiles(openssl);
    const dayMs = 86_400_000;
    const table: [cert: string, key: string | undefined, days: number, why: RegExp][] = [
      ["cert", "key", 3, /it expired at 20\S+Z; this machine's clock says 20\S+Z$/],
      ["cert", "key", -3, /it is not valid before 20/],
      ["cert", "otherkey", 0, /the key in .*otherkey is not its key/],
      ["cert", undefined, 0, /there is no private key in it; --client-cert-key-path names/],
      ["cert", "locked", 0, /its private key is encrypted/],
      ["cert", "text", 0, /there is no private key in .*text/],
      ["cert", "torn", 0, /its private key can't be read/],
      ["text", "key", 0, /it is not a certificate in PEM format/],
    ];
    for (const [cert, key, days, why] of table) {
      const files = { certPath: `${folder}/${cert}`, keyPath: key && `${folder}/${key}` };
      await assert.rejects(
        readClientCertificate(files, Date.now() + days * dayMs, signal),
        (error) => isAppError(error, "client-certificate-invalid") && why.test(error.message),
        String(why),
      );
    }
    await assert.rejects(
      readClientCertificate({ certPath: `${folder}/missing` }, Date.now(), signal),
      (error) => isAppError(error, "file-not-found"),
    );
  }),
);
