import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { createAuthority } from "../../../src/pki/authority.ts";
import { certificatesIn, isSignedBy } from "../../../src/pki/certificate.ts";
import { type Secret, secretText } from "../../../src/resources/secret.ts";
import { readResources } from "../../../src/resources/yaml.ts";
import { hasOpenssl, withOpenssl } from "../../openssl.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

/** Has the site redeem a token of west; gives the certificates in tls.crt. */
async function redeem(sandbox: Sandbox, site: string): Promise<string[]> {
  const file = `${site}.yaml`;
  await issueToken(sandbox, file);
  await sandbox.succeed(["token", "redeem", file, "-n", site]);
  const folder = path.join(sandbox.dataHome, "namespaces", site, "input/resources");
  const secret = fs.readdirSync(folder).find((name) => name.startsWith("Secret-"))!;
  const [document] = readResources(fs.readFileSync(path.join(folder, secret), "utf8"), secret);
  return certificatesIn(secretText(document as unknown as Secret, "tls.crt")!);
}

function issuingFiles({ dataHome }: Sandbox): string[] {
  const home = path.join(dataHome, "hawser/west");
  return fs.readdirSync(home, { recursive: true, encoding: "utf8" })
    .filter((name) => name.includes("issuing/")).map((name) => path.join(home, name));
}

function rootOf({ dataHome }: Sandbox): string {
  const folder = path.join(dataHome, "namespaces/west/input/issuers/skupper-site-ca");
  return fs.readFileSync(path.join(folder, "tls.crt"), "utf8");
}

test(
  "links are signed by an issuing authority that outlives the controller, and its damage",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "a", "b", "c");
    const [leaf, issuing, ...others] = await redeem(sandbox, "a");
    assert.equal(others.length, 0);
    assert.ok(isSignedBy(leaf!, issuing!) && isSignedBy(issuing!, rootOf(sandbox)));
    const [file, ...more] = issuingFiles(sandbox);
    assert.equal(more.length, 0);
    assert.equal(fs.statSync(file!).mode & 0o777, 0o600);
    const { stdout } = await sandbox.succeed(["site", "status", "-n", "west"]);
    assert.match(stdout, /^Signed by: +an issuing authority, its key new every 30 days$/m);

    const kept = fs.readFileSync(file!, "utf8");
    await sandbox.succeed(["controller", "restart"]);
    assert.equal((await redeem(sandbox, "b"))[1], issuing);
    assert.equal(fs.readFileSync(file!, "utf8"), kept);

    await sandbox.succeed(["controller", "stop"]);
    fs.writeFileSync(file!, kept.slice(0, 100));
    await sandbox.succeed(["controller", "start"]);
    const [, next] = await redeem(sandbox, "c");
    assert.notEqual(next, issuing);
    assert.ok(isSignedBy(next!, rootOf(sandbox)));
    assert.equal(JSON.parse(fs.readFileSync(file!, "utf8")).certificatePem, next);
  }),
);

test(
  "openssl takes a redeemed certificate for a client's with its chain, and not without (needs openssl)",
  { skip: !hasOpenssl },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    const [leaf, issuing] = await redeem(sandbox, "east");
    await withOpenssl(async (openssl) => {
      await openssl.write("ca.pem", rootOf(sandbox));
      await openssl.write("leaf.pem", leaf!);
      await openssl.write("chain.pem", issuing!);
      const verify = "verify -x509_strict -purpose sslclient -CAfile ca.pem";
      openssl.run(`${verify} -untrusted chain.pem leaf.pem`);
      assert.throws(() => openssl.run(`${verify} leaf.pem`), /unable to get local issuer/);
    })();
  }),
);

test(
  "an authority that allows none below it signs itself, and the site's status says so",
  inSandbox(async (sandbox) => {
    const folder = path.join(sandbox.dataHome, "namespaces/west/input/issuers/skupper-site-ca");
    const { certificatePem, privateKeyPem } = await createAuthority("own", { keyType: "rsa" });
    fs.mkdirSync(folder, { recursive: true });
    const parts = { "ca.crt": certificatePem, "tls.crt": certificatePem, "tls.key": privateKeyPem };
    for (const [name, text] of Object.entries(parts)) {
      {
        fs.writeFileSync(path.join(folder, name), text, { mode: 0o600 });
      }
    }
    await prepareSites(sandbox, "east");
    const [leaf, ...others] = await redeem(sandbox, "east");
    assert.equal(others.length, 0);
    assert.ok(isSignedBy(leaf!, certificatePem));
    assert.deepEqual(issuingFiles(sandbox), []);
    const { stdout } = await sandbox.succeed(["site", "status", "-n", "west", "-o", "json"]);
    assert.deepEqual(JSON.parse(stdout).signing, {
      by: "site-authority",
      why: "The site's authority allows no authority below it (its path length is 0)",
    });
  }),
);
