import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hasOpenssl, type Openssl, withOpenssl } from "../../test/openssl.ts";
import { createAuthority, loadAuthority } from "./authority.ts";
import { isSignedBy, readCertificate } from "./certificate.ts";
import { whyNoIssuing } from "./issuing_right.ts";
import { createKeyPair } from "./key_pair.ts";

const dayMs = 24 * 60 * 60 * 1000;
const { publicKey } = await createKeyPair();

/** A client below an issuing authority below one: files ca.pem, issuing.pem and client.pem. */
async function makeChain(openssl: Openssl, certificatePem: string, privateKeyPem: string) {
  const root = await loadAuthority(certificatePem, privateKeyPem);
  const keys = await createKeyPair();
  const made = await root.signIssuing({ commonName: "issuing", publicKey: keys.publicKey });
  const issuing = await loadAuthority(made.certificatePem, keys.privateKeyPem);
  const client = await issuing.signClient({ commonName: "east", publicKey, lifetimeMs: dayMs });
  const server = await issuing.signServer({
    ...{ commonName: "west", publicKey, lifetimeMs: dayMs },
    hosts: ["west.example"],
  });
  await openssl.write("ca.pem", certificatePem);
  await openssl.write("issuing.pem", made.certificatePem);
  await openssl.write("client.pem", client.certificatePem);
  await openssl.write("server.pem", server.certificatePem);
  return { root, made, client };
}

const verify = "verify -x509_strict -CAfile ca.pem -untrusted issuing.pem";

describe("an issuing authority (needs openssl)", { skip: !hasOpenssl }, () => {
  test(
    "signs clients and nothing else, and they are good with it alone",
    withOpenssl(async (openssl) => {
      const { certificatePem, privateKeyPem } = await createAuthority("skupper-site-ca", {
        keyType: "rsa",
        pathLength: 1,
      });
      const { made } = await makeChain(openssl, certificatePem, privateKeyPem);
      openssl.run(`${verify} -purpose sslclient client.pem`);
      assert.throws(() => openssl.run(`${verify} -purpose sslserver server.pem`), /purpose/);
      assert.throws(() => openssl.run("verify -CAfile ca.pem client.pem"), /local issuer/);
      const shown = openssl.run(
        "x509 -in issuing.pem -noout -ext basicConstraints,keyUsage,extendedKeyUsage",
      );
      assert.match(shown, /Constraints: critical\n +CA:TRUE, pathlen:0\n/);
      assert.match(shown, /X509v3 Key Usage: critical\n +Certificate Sign\n/);
      assert.match(shown, /Extended Key Usage: \n +TLS Web Client Authentication\n/);
      const [above, below] = [certificatePem, made.certificatePem].map(readCertificate);
      assert.deepEqual([below!.notBefore, below!.notAfter], [above!.notBefore, above!.notAfter]);
    }),
  );

  test(
    "below an authority as upstream makes it is good",
    withOpenssl(async (openssl) => {
      await makeForeign(openssl, [
        "basicConstraints = critical,CA:true",
        "keyUsage = critical,digitalSignature,keyEncipherment,keyCertSign",
        "extendedKeyUsage = serverAuth,clientAuth",
      ]);
      const [certificatePem, key] = [await openssl.read("ca.pem"), await openssl.read("ca.key")];
      assert.equal(whyNoIssuing(certificatePem), undefined);
      await makeChain(openssl, certificatePem, key);
      openssl.run(`${verify} -purpose sslclient client.pem`);
    }),
  );

  const forbidding: [constraint: string[], why: RegExp, verified: RegExp][] = [
    [["basicConstraints = critical,CA:true,pathlen:0"], /path length is 0/, /path length/],
    [
      ["basicConstraints = critical,CA:true", "extendedKeyUsage = serverAuth"],
      /clients/,
      /purpose/,
    ],
    [
      [
        "basicConstraints = critical,CA:true",
        "nameConstraints = critical,permitted;dirName:allowed",
        "[allowed]\nCN = elsewhere",
      ],
      /names/,
      /permitted subtree/,
    ],
  ];
  for (const [extensions, why, verified] of forbidding) {
    test(
      `is not had where an authority forbids it: ${extensions.slice(0, 2).join(", ")}`,
      withOpenssl(async (openssl) => {
        await makeForeign(openssl, extensions);
        const [certificatePem, key] = [await openssl.read("ca.pem"), await openssl.read("ca.key")];
        assert.match(whyNoIssuing(certificatePem) ?? "", why);
        // and rightly: nobody would take what it signs
        await makeChain(openssl, certificatePem, key);
        assert.throws(
          () => openssl.run(`${verify.replace(" -x509_strict", "")} -purpose sslclient client.pem`),
          verified,
        );
      }),
    );
  }
});

test("an authority below another one has no issuing authority of its own", async () => {
  const made = await createAuthority("above", { pathLength: 1 });
  const above = await loadAuthority(made.certificatePem, made.privateKeyPem);
  const below = await above.signIssuing({ commonName: "below", publicKey });
  assert.ok(isSignedBy(below.certificatePem, made.certificatePem));
  assert.equal(whyNoIssuing(below.certificatePem), "is below another authority");
  assert.equal(whyNoIssuing(made.certificatePem), undefined);
  assert.throws(() => whyNoIssuing("nothing"));
});

/** Makes an RSA authority with openssl: ca.pem and ca.key. */
async function makeForeign(openssl: Openssl, extensions: string[]): Promise<void> {
  await openssl.write(
    "ca.cnf",
    `[req]\ndistinguished_name = d\nx509_extensions = e\n[d]\n[e]\n` +
      `subjectKeyIdentifier = hash\n${extensions.join("\n")}\n`,
  );
  openssl.run("genrsa -traditional -out ca.key 2048");
  openssl.run("req -x509 -config ca.cnf -new -key ca.key -subj /CN=foreign -days 10 -out ca.pem");
}
