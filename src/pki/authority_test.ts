import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hasOpenssl, type Openssl, withOpenssl } from "../../test/openssl.ts";
import { type Authority, createAuthority, loadAuthority } from "./authority.ts";
import { isSignedBy, readCertificate } from "./certificate.ts";
import { createKeyPair } from "./key_pair.ts";

const day = 24 * 60 * 60 * 1000;
const { publicKey } = await createKeyPair();
const client = { commonName: "east", publicKey, lifetimeMs: day };

/** How openssl is told to make each kind of key that is read. */
const keysOfOpenssl: Record<string, string> = {
  "RSA in PKCS#1": "genrsa -traditional -out ca.key 2048",
  "RSA in PKCS#8": "genrsa -out ca.key 3072",
  "EC P-256 in SEC1": "ecparam -name prime256v1 -genkey -noout -out ca.key",
  "EC P-256 in SEC1 with its parameters before it": "ecparam -name prime256v1 -genkey -out ca.key",
  "EC P-384 in SEC1": "ecparam -name secp384r1 -genkey -noout -out ca.key",
  "EC P-521 in SEC1": "ecparam -name secp521r1 -genkey -noout -out ca.key",
  "EC P-256 in PKCS#8": "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key",
  "EC P-384 in PKCS#8": "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ca.key",
  "EC P-521 in PKCS#8": "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out ca.key",
};

/** Makes an authority with openssl: ca.pem and ca.key, with those extensions. */
async function makeAuthority(
  openssl: Openssl,
  key: string,
  options: { extensions?: string; stringMask?: string } = {},
): Promise<Authority> {
  const { extensions = "subjectKeyIdentifier = hash", stringMask = "utf8only" } = options;
  await openssl.write(
    "ca.cnf",
    `[req]\nstring_mask = ${stringMask}\ndistinguished_name = d\nx509_extensions = e\n` +
      `[d]\n[e]\nbasicConstraints = critical,CA:true\n${extensions}\n`,
  );
  openssl.run(key);
  openssl.run(
    "req -x509 -config ca.cnf -new -key ca.key -subj /O=Example/CN=ca -days 10 -out ca.pem",
  );
  return await loadAuthority(await openssl.read("ca.pem"), await openssl.read("ca.key"));
}

describe("an authority made by openssl (needs openssl)", { skip: !hasOpenssl }, () => {
  for (const [kind, key] of Object.entries(keysOfOpenssl)) {
    test(
      `with a key ${kind} signs what openssl takes for a client's, and not for a server's`,
      withOpenssl(async (openssl) => {
        const authority = await makeAuthority(openssl, key);
        await openssl.write("client.pem", (await authority.signClient(client)).certificatePem);
        openssl.run("verify -purpose sslclient -CAfile ca.pem client.pem");
        assert.throws(
          () => openssl.run("verify -purpose sslserver -CAfile ca.pem client.pem"),
          /purpose/,
        );
      }),
    );
  }

  const key = keysOfOpenssl["EC P-256 in SEC1"]!;

  test(
    "is named as issuer byte for byte, in whatever string type its name is",
    withOpenssl(async (openssl) => {
      for (const stringMask of ["nombstr", "utf8only"]) {
        const authority = await makeAuthority(openssl, key, { stringMask });
        await openssl.write("client.pem", (await authority.signClient(client)).certificatePem);
        const shape = (file: string) =>
          openssl.run(`asn1parse -in ${file}`).match(/PRINTABLESTRING|UTF8STRING/)?.[0];
        assert.equal(shape("ca.pem"), stringMask === "nombstr" ? "PRINTABLESTRING" : "UTF8STRING");
        assert.equal(shape("client.pem"), shape("ca.pem"));
      }
    }),
  );

  test(
    "is pointed at by the key identifier it has, and by none if it has none",
    withOpenssl(async (openssl) => {
      const own = await makeAuthority(openssl, key, {
        extensions: "subjectKeyIdentifier = 01:02:03",
      });
      await openssl.write("client.pem", (await own.signClient(client)).certificatePem);
      assert.match(
        openssl.run("x509 -in client.pem -noout -ext authorityKeyIdentifier"),
        /01:02:03/,
      );
      openssl.run("verify -purpose sslclient -CAfile ca.pem client.pem");

      const none = await makeAuthority(openssl, key, { extensions: "subjectKeyIdentifier = none" });
      await openssl.write("client.pem", (await none.signClient(client)).certificatePem);
      assert.doesNotMatch(openssl.run("x509 -in client.pem -noout -text"), /Authority Key/);
      openssl.run("verify -purpose sslclient -CAfile ca.pem client.pem");
    }),
  );

  test(
    "whose key usage does not allow it to sign is refused",
    withOpenssl(async (openssl) => {
      await assert.rejects(
        makeAuthority(openssl, key, { extensions: "keyUsage = critical,digitalSignature" }),
        /the certificate is not a certificate authority's/,
      );
    }),
  );
});

for (const keyType of ["ec", "rsa"] as const) {
  describe(
    `an authority of our own with an ${keyType} key (needs openssl)`,
    { skip: !hasOpenssl },
    () => {
      test(
        "passes openssl's strict checks, and so does what it signs",
        withOpenssl(async (openssl) => {
          const made = await createAuthority("skupper-site-ca", { keyType });
          await openssl.write("ca.pem", made.certificatePem);
          await openssl.write("ca.key", made.privateKeyPem);
          assert.match(
            made.privateKeyPem,
            keyType === "rsa" ? /^-----BEGIN RSA P/ : /^-----BEGIN P/,
          );
          openssl.run("pkey -in ca.key -check -noout");
          const shown = openssl.run(
            "x509 -in ca.pem -noout -subject -issuer -ext basicConstraints,keyUsage",
          );
          assert.match(shown, /subject=CN = skupper-site-ca\nissuer=CN = skupper-site-ca\n/);
          assert.match(shown, /Constraints: critical\n +CA:TRUE, pathlen:0\n/);
          assert.match(shown, /Key Usage: critical\n +Certificate Sign, CRL Sign\n/);

          const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
          await openssl.write("client.pem", (await authority.signClient(client)).certificatePem);
          const hosts = ["127.0.0.1", "::1", "2001:db8::a:b", "west.example"];
          const server = await authority.signServer({ ...client, commonName: "west", hosts });
          await openssl.write("server.pem", server.certificatePem);
          openssl.run("verify -x509_strict -purpose sslclient -CAfile ca.pem client.pem");
          openssl.run("verify -x509_strict -purpose sslserver -CAfile ca.pem server.pem");
          assert.throws(
            () => openssl.run("verify -purpose sslclient -CAfile ca.pem server.pem"),
            /purpose/,
          );
        }),
      );
    },
  );
}

describe("what an authority signs (needs openssl)", { skip: !hasOpenssl }, () => {
  test(
    "says client and nothing of servers",
    withOpenssl(async (openssl) => {
      const authority = await ownAuthority();
      const signed = await authority.signClient({ ...client, commonName: "a, b=c/ü" });
      await openssl.write("client.pem", signed.certificatePem);
      const shown = openssl.run("x509 -in client.pem -noout -text -nameopt utf8,sep_multiline");
      assert.match(shown, /Subject: ?\n? *CN=a, b=c\/ü\n/);
      assert.match(shown, /Extended Key Usage: ?\n +TLS Web Client Authentication\n/);
      assert.match(shown, /Key Usage: critical\n +Digital Signature\n/);
      assert.match(shown, /Constraints: critical\n +CA:FALSE\n/);
      assert.doesNotMatch(shown, /Alternative Name/);
      assert.equal(
        openssl.run("x509 -in client.pem -noout -serial"),
        `serial=${signed.serial.toUpperCase()}\n`,
      );
    }),
  );

  test(
    "names a server's hosts as what they are, and addresses as DNS names too",
    withOpenssl(async (openssl) => {
      const authority = await ownAuthority();
      await openssl.write("ca.pem", authority.certificatePem);
      const hosts = [
        "10.1.2.3",
        "::1",
        "fe80::1%eth0",
        "2001:db8::a:b",
        "::ffff:1.2.3.4",
        "west.example",
      ];
      const signed = await authority.signServer({ ...client, hosts });
      await openssl.write("server.pem", signed.certificatePem);
      assert.match(
        openssl.run("x509 -in server.pem -noout -ext subjectAltName"),
        new RegExp(
          "IP Address:10.1.2.3, DNS:10.1.2.3, IP Address:0:0:0:0:0:0:0:1, DNS:::1, DNS:fe80::1%eth0, " +
            "IP Address:2001:DB8:0:0:0:0:A:B, DNS:2001:db8::a:b, " +
            "IP Address:0:0:0:0:0:FFFF:102:304, DNS:::ffff:1.2.3.4, DNS:west.example\n",
        ),
      );
      for (
        const name of [
          "_ip 10.1.2.3",
          "_ip 2001:db8::a:b",
          "_hostname west.example",
          "_hostname 10.1.2.3",
        ]
      ) {
        openssl.run(`verify -purpose sslserver -verify${name} -CAfile ca.pem server.pem`);
      }
      assert.throws(() =>
        openssl.run("verify -verify_hostname east.example -CAfile ca.pem server.pem")
      );
    }),
  );

  test(
    "is not trusted under another authority of the same name",
    withOpenssl(async (openssl) => {
      await openssl.write("foreign.pem", (await createAuthority("ca")).certificatePem);
      await openssl.write(
        "client.pem",
        (await (await ownAuthority()).signClient(client)).certificatePem,
      );
      assert.throws(
        () => openssl.run("verify -CAfile foreign.pem client.pem"),
        /verification failed/,
      );
    }),
  );

  test(
    "has its times written right beyond 2049",
    withOpenssl(async (openssl) => {
      const authority = await ownAuthority({ lifetimeMs: 100 * 365 * day });
      await openssl.write("ca.pem", authority.certificatePem);
      const now = Date.UTC(2049, 11, 31, 23, 59, 59);
      const signed = await authority.signClient({ ...client, now, beginsAt: now });
      await openssl.write("client.pem", signed.certificatePem);
      assert.equal(
        openssl.run("x509 -in client.pem -noout -startdate -enddate"),
        "notBefore=Dec 31 23:59:59 2049 GMT\nnotAfter=Jan  1 23:59:59 2050 GMT\n",
      );
      openssl.run(`verify -attime ${now / 1000} -CAfile ca.pem client.pem`);
    }),
  );
});

async function ownAuthority(options?: { lifetimeMs?: number; now?: number }): Promise<Authority> {
  const made = await createAuthority("ca", options);
  return await loadAuthority(made.certificatePem, made.privateKeyPem);
}

test("a certificate begins with its authority and lasts as long as was asked", async () => {
  const now = Date.UTC(2030, 0, 1, 12, 0, 0) + 999;
  const authority = await ownAuthority({ now });
  const facts = readCertificate((await authority.signClient({ ...client, now })).certificatePem);
  assert.equal(facts.notBefore.toISOString(), "2025-01-01T00:00:00.000Z");
  assert.equal(facts.notAfter.toISOString(), "2030-01-02T12:00:00.000Z");
});

test("a certificate never outlives its authority, and an expired one signs nothing", async () => {
  const now = Date.UTC(2030, 0, 1);
  const authority = await ownAuthority({ now, lifetimeMs: 2 * day });
  const signed = await authority.signClient({ ...client, now, lifetimeMs: 5 * 365 * day });
  assert.equal(signed.notAfter.toISOString(), "2030-01-03T00:00:00.000Z");
  assert.deepEqual(readCertificate(signed.certificatePem).notAfter, signed.notAfter);
  await assert.rejects(
    authority.signClient({ ...client, now: now + 2 * day }),
    /^Error: the certificate authority expired at 2030-01-03T00:00:00.000Z$/,
  );
});

test("serial numbers are positive, long and all different", async () => {
  const authority = await ownAuthority();
  const serials = new Set<string>();
  for (let count = 0; count < 200; count++) {
    serials.add((await authority.signClient(client)).serial);
  }
  assert.equal(serials.size, 200);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9a-f]{31}$/);
});

test("loadAuthority() says what is wrong, without the text", async () => {
  const { certificatePem, privateKeyPem } = await createAuthority("ca");
  const other = await createAuthority("ca", { keyType: "rsa" });
  const authority = await loadAuthority(certificatePem, privateKeyPem);
  const leaf = await createKeyPair();
  const signed = await authority.signClient({ ...client, publicKey: leaf.publicKey });
  const broken = certificatePem.replace(/MII/, "AAA");
  const wrong: [certificatePem: string, privateKeyPem: string, message: string][] = [
    [signed.certificatePem, leaf.privateKeyPem, "the certificate is not a certificate authority's"],
    [certificatePem, leaf.privateKeyPem, "the private key is not the certificate's"],
    [certificatePem, other.privateKeyPem, "the private key is not the certificate's"],
    [certificatePem, "", "the private key is not PEM in PKCS#1, SEC1 or PKCS#8"],
    [certificatePem, certificatePem, "the private key is not PEM in PKCS#1, SEC1 or PKCS#8"],
    ["", privateKeyPem, "there is no PEM certificate in it"],
    [privateKeyPem, privateKeyPem, "there is no PEM certificate in it"],
    [broken, privateKeyPem, "the PEM certificate in it is broken"],
  ];
  for (const [certificate, key, message] of wrong) {
    await assert.rejects(loadAuthority(certificate, key), { name: "Error", message });
  }
});

test("no clock makes an authority, or what it signs, that is not valid yet", async () => {
  const right = Date.UTC(2026, 10, 22);
  for (const now of [0, right, right + 30 * day, Date.UTC(2040, 0, 1)]) {
    const authority = await ownAuthority({ now });
    const signed = await authority.signClient({ ...client, now });
    for (const pem of [authority.certificatePem, signed.certificatePem]) {
      const { notBefore, notAfter } = readCertificate(pem);
      assert.ok(notBefore.getTime() < right && notAfter > notBefore);
    }
  }
});

test("an authority made anew with its key is trusted in the place of the one before", async () => {
  const before = await createAuthority("ca", { now: Date.UTC(2026, 0, 1) });
  const after = await createAuthority("ca", { privateKeyPem: before.privateKeyPem });
  assert.notEqual(after.certificatePem, before.certificatePem);
  const authority = await loadAuthority(after.certificatePem, after.privateKeyPem);
  const { certificatePem } = await authority.signClient(client);
  for (const { certificatePem: ca } of [before, after]) assert.ok(isSignedBy(certificatePem, ca));
});
