import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts";
import { createKeyPair } from "../../../src/pki/key_pair.ts";
import { secretText } from "../../../src/resources/secret.ts";
import { parseResource, readResources } from "../../../src/resources/yaml.ts";
import { TestAuthority } from "../../fakes/test_authority.ts";
import type { Sandbox } from "./harness.ts";
import { connects, startServer, type TlsFiles } from "./openssl_ends.ts";
import { issueToken, prepareSites } from "./sites.ts";

/**
 * Puts west's authority, and a server certificate that it signed, into files; returns their paths.
 */
async function makeServerFiles(
  sandbox: Sandbox,
): Promise<TlsFiles> {
  const issuer = path.join(sandbox.dataHome, "namespaces/west/input/issuers/skupper-site-ca");
  const ca = fs.readFileSync(path.join(issuer, "tls.crt"), "utf8");
  const authority = await loadAuthority(ca, fs.readFileSync(path.join(issuer, "tls.key"), "utf8"));
  const keys = await createKeyPair();
  const { certificatePem } = await authority.signServer({
    commonName: "127.0.0.1",
    hosts: ["127.0.0.1"],
    publicKey: keys.publicKey,
    lifetimeMs: 3_600_000,
  });
  return {
    ca: sandbox.write("tls/ca.crt", ca),
    certificate: sandbox.write("tls/server.crt", certificatePem),
    key: sandbox.write("tls/server.key", keys.privateKeyPem),
  };
}

/**
 * Puts a server certificate of another authority where upstream takes it in place of its own;
 * returns the paths of what a router of it is given.
 */
async function supplyServerFiles(sandbox: Sandbox, authority: TestAuthority): Promise<TlsFiles> {
  const folder = "data/namespaces/west/input";
  const { chain, key } = await authority.sign(["127.0.0.1"]);
  const site = sandbox.read(`${folder}/issuers/skupper-site-ca/tls.crt`);
  return {
    ca: sandbox.write(`${folder}/certs/west/ca.crt`, site + authority.root),
    certificate: sandbox.write(`${folder}/certs/west/tls.crt`, chain),
    key: sandbox.write(`${folder}/certs/west/tls.key`, key),
  };
}

/**
 * Has east redeem a token of west's, whose server certificate is its user's, and proves with
 * openssl that the link trusts it.
 */
export async function proveSuppliedCertificate(sandbox: Sandbox): Promise<void> {
  const authority = await TestAuthority.make("Example Trust");
  await prepareSites(sandbox, "east");
  const files = await supplyServerFiles(sandbox, authority);
  const link = await issueToken(sandbox, "t.yaml");
  await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
  const ours = writeCredentials(sandbox, link);
  assert.ok(fs.readFileSync(ours.ca, "utf8").endsWith(authority.root));
  const status = await sandbox.succeed(["site", "status", "-n", "west", "-o", "json"]);
  const endpoints: { name: string; port: string }[] = JSON.parse(status.stdout).status.endpoints;
  const servers = await Promise.all(endpoints.map(({ port }) => startServer(files, port)));
  try {
    for (const { port } of endpoints) {
      while (!await connects(port, ours)) assert.equal(servers[0]!.exitCode, null);
    }
    await sandbox.succeed(["link", "check", "-n", "east"]);
    const generate = ["link", "generate", "-n", "west"];
    const generated = await sandbox.succeed(generate, { printsToken: true });
    const [secret] = readResources(generated.stdout, "the link")
      .filter(({ kind }) => kind === "Secret");
    const ca = secretText(parseResource("Secret", secret!, "the link"), "ca.crt");
    assert.equal(ca, fs.readFileSync(ours.ca, "utf8"));
  } finally {
    for (const server of servers) server.kill("SIGKILL");
  }
}

/** What the redeemed Secret holds, as files for openssl. */
function writeCredentials(
  sandbox: Sandbox,
  link: string,
): TlsFiles {
  const text = sandbox.read(`data/namespaces/east/input/resources/Secret-${link}.yaml`);
  const secret = parseResource("Secret", readResources(text, link)[0]!, link);
  const file = (name: string, part: string) => sandbox.write(name, secretText(secret, part)!);
  return {
    ca: file("tls/link-ca.crt", "ca.crt"),
    certificate: file("tls/link.crt", "tls.crt"),
    key: file("tls/link.key", "tls.key"),
  };
}

/** Credentials in all like the link's, but of an authority that west does not know. */
export async function makeForeignCredentials(sandbox: Sandbox, ca: string) {
  const { certificatePem, privateKeyPem } = await createAuthority("skupper-site-ca");
  const authority = await loadAuthority(certificatePem, privateKeyPem);
  const keys = await createKeyPair();
  const client = await authority.signClient({
    commonName: "east",
    publicKey: keys.publicKey,
    lifetimeMs: 3_600_000,
  });
  return {
    ca,
    certificate: sandbox.write("tls/foreign.crt", client.certificatePem),
    key: sandbox.write("tls/foreign.key", keys.privateKeyPem),
  };
}

/**
 * Has east redeem a token of west's, and proves with openssl that the link it got authenticates to
 * a server of the site, and that foreign credentials do not.
 */
export async function proveLink(sandbox: Sandbox): Promise<void> {
  await prepareSites(sandbox, "east");
  const link = await issueToken(sandbox, "t.yaml");
  await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
  const status = await sandbox.succeed(["site", "status", "-n", "west", "-o", "json"]);
  const endpoints: { name: string; port: string }[] = JSON.parse(status.stdout).status.endpoints;
  const files = await makeServerFiles(sandbox);

  const check = ["link", "check", "-n", "east"];
  const down = await sandbox.hawser(check);
  assert.equal(down.code, 8);
  assert.match(
    down.stdout,
    /^Link "west-\w{5}"\n {2}router: not known: no router runs for this site\n {2}inter-router 127\.0\.0\.1:\d+\n {4}FAILED connection: /,
  );
  assert.match(down.stderr, /^error: Link "west-\w{5}" does not connect: inter-router /m);

  const servers = await Promise.all(endpoints.map(({ port }) => startServer(files, port)));
  try {
    const { port } = endpoints[0]!;
    const ours = writeCredentials(sandbox, link);
    while (!await connects(port, ours)) assert.equal(servers[0]!.exitCode, null);
    const foreign = await makeForeignCredentials(sandbox, files.ca);
    assert.equal(await connects(port, foreign), false);

    const { stdout } = await sandbox.succeed(check);
    const passed = (name: string) =>
      `  ${name} 127.0.0.1:\\d+\n    ok     connection: connected to port \\d+\n` +
      "    ok     tls: TLSv1.3, its certificate is for 127.0.0.1\n" +
      "    ok     certificate: the server (accepts it|has no objection)\n";
    assert.match(
      stdout,
      new RegExp(
        `^Link "${link}"\n  router: not known: .*\n${passed("inter-router")}${passed("edge")}$`,
      ),
    );

    replaceCredentials(sandbox, link, foreign);
    const refused = await sandbox.hawser(check);
    assert.equal(refused.code, 4, refused.stderr);
    assert.match(refused.stdout, /FAILED certificate: /);
    assert.match(refused.stderr, /^error: Link "west-\w{5}" is refused at inter-router 127/m);
  } finally {
    for (const server of servers) server.kill("SIGKILL");
  }
}

/** Gives the link's Secret another certificate and key. */
export function replaceCredentials(
  sandbox: Sandbox,
  link: string,
  files: Record<"certificate" | "key", string>,
): void {
  const file = `data/namespaces/east/input/resources/Secret-${link}.yaml`;
  const encoded = (name: string) => Buffer.from(fs.readFileSync(name)).toString("base64");
  const text = sandbox.read(file)
    .replace(/tls\.crt: .*/, `tls.crt: ${encoded(files.certificate)}`)
    .replace(/tls\.key: .*/, `tls.key: ${encoded(files.key)}`);
  sandbox.write(file, text);
}
