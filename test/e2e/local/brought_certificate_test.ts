import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import { test } from "node:test";
import { parseToken, type UsableToken } from "../../../src/token/token_file.ts";
import { eventually } from "../stage/eventually.ts";
import { postToken } from "../stage/grant_client.ts";
import { type Sandbox, shareSandbox } from "../stage/harness.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { issueToken, linkAccess, listGrants } from "../stage/sites.ts";
import { type ServerFiles, TestAuthority } from "../../fakes/test_authority.ts";
import { isShown, placeByLinks, putWhole, shownCertificate } from "../stage/served_certificate.ts";

const host = "localhost";
const files = ["--grant-certificate", "certs/fullchain.pem", "--grant-key", "certs/privkey.pem"];

/** Puts a certificate into its place as an ACME client does: each file whole, one by one. */
function place(sandbox: Sandbox, { chain, key }: ServerFiles): void {
  putWhole(sandbox, "certs/fullchain.pem", chain);
  putWhole(sandbox, "certs/privkey.pem", key);
}

async function makeSites(sandbox: Sandbox): Promise<void> {
  await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
  await sandbox.succeed(["site", "create", "east", "-n", "east"]);
}

async function certificateStatus(sandbox: Sandbox) {
  const { stdout } = await sandbox.succeed(["controller", "status", "-o", "json"]);
  return JSON.parse(stdout);
}

const sites = shareSandbox(makeSites);

test(
  "a certificate that no redeemer would take is refused at the start, by the name of its file",
  sites.use(async (sandbox) => {
    const authority = await TestAuthority.make("Example Trust");
    const good = await authority.sign([host]);
    const other = await authority.sign([host]);
    const foreign = await TestAuthority.make("Other Trust");
    sandbox.write("certs/other.pem", foreign.root);
    const [leaf] = good.chain.split(/(?<=-----END CERTIFICATE-----\n)/);
    const cases: [string, Partial<ServerFiles>, RegExp, string[]?][] = [
      ["no PEM", { chain: "nothing" }, /fullchain\.pem: there is no PEM certificate in it/],
      ["broken", { chain: good.chain.replace(/MII./, "MIIA") }, /certificate in it is broken/],
      ["no key", { key: "nothing" }, /there is no PEM private key with it/],
      ["other key", { key: other.key }, /the private key is not the certificate's/],
      ["expired", await authority.sign([host], [-9, -2]), /it expired at 20.*\n.*clock says 20/],
      ["early", await authority.sign([host], [2, 9]), /it is not valid before 20/],
      [
        "elsewhere",
        await authority.sign(["a.example"]),
        /not name the host localhost .*a\.example/,
        [
          ...["--grant-host", host],
        ],
      ],
      ["wildcard", await authority.sign(["*.a.example"]), /no single host.*\n.*--grant-host/],
      ["alone", { chain: leaf! }, /its signer "Example Trust R1" is missing\n.*fullchain\.pem/],
      ["foreign", {}, /not signed by an authority of .*other\.pem \(Other Trust\)/, [
        ...["--grant-ca", "certs/other.pem"],
      ]],
    ];
    for (const [name, change, expected, more = []] of cases) {
      place(sandbox, { ...good, ...change });
      for (const verb of ["run", "start"]) {
        const { code, stderr } = await sandbox.hawser(["controller", verb, ...files, ...more]);
        assert.equal(code, 2, `${name}: ${stderr}`);
        assert.match(stderr, expected, name);
      }
    }
    place(sandbox, good);
    fs.chmodSync(`${sandbox.folder}/certs/privkey.pem`, 0o604);
    const exposed = await sandbox.hawser(["controller", "run", ...files]);
    fs.chmodSync(`${sandbox.folder}/certs/privkey.pem`, 0o600);
    assert.equal(exposed.code, 2, exposed.stderr);
    assert.match(exposed.stderr, /privkey\.pem: every user .*mode 0604\)\n.*chmod o= \//);
    const missing = await sandbox.hawser([
      ...["controller", "run", "--grant-certificate", "certs/none.pem"],
    ]);
    assert.equal(missing.code, 6, missing.stderr);
    assert.match(missing.stderr, /certs\/none\.pem does not exist/);
    for (const lonely of [["--grant-key", "k.pem"], ["--grant-ca", "system"]]) {
      const { code, stderr } = await sandbox.hawser(["controller", "run", ...lonely]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`${lonely[0]} goes with --grant-certificate`));
    }
    assert.ok(!fs.existsSync(`${sandbox.dataHome}/hawser/.controller/issuer`));
  }),
);

test(
  "tokens pin the root that signed a user's certificate, name its host, and are redeemed",
  sites.use(async (sandbox) => {
    const authority = await TestAuthority.make("Example Trust");
    place(sandbox, await authority.sign([host, "*.west.example"]));
    sandbox.write("certs/ca.pem", authority.root);
    await sandbox.succeed(["controller", "start", ...files, "--grant-ca", "certs/ca.pem"]);
    const { certificate, grantUrl } = await certificateStatus(sandbox);
    assert.equal(new URL(grantUrl).hostname, host);
    assert.deepEqual(certificate.pins, ["Example Trust"]);
    assert.deepEqual(certificate.names, [host, "*.west.example"]);
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    const token = parseToken(sandbox.read("t.yaml"), "t.yaml");
    assert.equal(token.spec.ca, authority.root);
    const inspected = await sandbox.succeed(["token", "inspect", "t.yaml", "--probe"]);
    assert.match(inspected.stdout, /Pins: +Example Trust\n/);
    // upstream's redeemer trusts what a token pins, and sends no certificate request
    assert.equal((await postToken(token, { name: "up", subject: "up" })).status, 200);
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
    await sandbox.succeed(["controller", "stop"]);
  }),
);

test(
  "without --grant-ca tokens pin the system's authority above it, or else the last of the chain",
  sites.use(async (sandbox) => {
    const authority = await TestAuthority.make("Example Trust");
    place(sandbox, await authority.sign([host]));
    const known = { SSL_CERT_FILE: sandbox.write("certs/system.pem", authority.root) };
    await sandbox.succeed(["controller", "start", ...files], { env: known });
    assert.deepEqual((await certificateStatus(sandbox)).certificate.pins, ["Example Trust"]);
    await sandbox.succeed(["controller", "stop"]);
    await sandbox.succeed(["controller", "start", ...files]);
    assert.deepEqual((await certificateStatus(sandbox)).certificate.pins, ["Example Trust R1"]);
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
    await sandbox.succeed(["controller", "stop"]);
  }),
);

test(
  "with --grant-ca system tokens pin none, and redeemers trust the service by their system",
  sites.use(async (sandbox) => {
    const authority = await TestAuthority.make("Example Trust");
    place(sandbox, await authority.sign([host]));
    await sandbox.succeed(["controller", "start", ...files, "--grant-ca", "system"]);
    const issued = await sandbox.succeed(["token", "issue", "t.yaml", "-n", "west"]);
    assert.match(issued.stderr, /It pins no authority: the other site's system must trust/);
    assert.equal(parseToken(sandbox.read("t.yaml"), "t.yaml").spec.ca, "");
    const { name } = parseToken(sandbox.read("t.yaml"), "t.yaml").metadata;
    const grant = await sandbox.succeed(["grant", "status", name, "-n", "west"]);
    assert.match(grant.stdout, /CA: +none: the redeemer's system says whom to trust/);
    const { stdout } = await sandbox.succeed(["token", "inspect", "t.yaml"]);
    assert.match(stdout, /Pins: +no authority: the redeemer's system says whom to trust/);
    assert.ok(!stdout.includes("CA fingerprint"));

    const redeem = ["token", "redeem", "t.yaml", "-n", "east"];
    const refused = await sandbox.hawser(redeem);
    assert.equal(refused.code, 8, refused.stderr);
    assert.match(refused.stderr, /not signed by an authority that this system trusts/);
    const known = sandbox.write("certs/system.pem", authority.root);
    const probe = ["token", "inspect", "t.yaml", "--probe"];
    for (const name of ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]) {
      const { stdout } = await sandbox.succeed(probe, { env: { [name]: known } });
      assert.match(stdout, /an authority that this system trusts: the token pins none/);
    }
    // a client that is not ours trusts what its system does, too
    const { url } = parseToken(sandbox.read("t.yaml"), "t.yaml").spec;
    const curl = ["-sS", "--noproxy", "*", "-o", "/dev/null", url];
    assert.equal((await sandbox.run("curl", curl, { env: { SSL_CERT_FILE: known } })).code, 0);
    assert.equal((await sandbox.run("curl", curl)).code, 60);
    await sandbox.succeed(redeem, { env: { SSL_CERT_FILE: known } });
    await sandbox.succeed(["controller", "stop"]);
  }),
);

/** What is served with a certificate that changes in its place. */
interface Renewed {
  sandbox: Sandbox;
  authority: TestAuthority;
  port: number;
  metric(name: string): Promise<string | undefined>;
  logged(event: string): Record<string, string> | undefined;
}

function withRenewals(body: (renewed: Renewed) => Promise<void>): () => Promise<void> {
  return sites.use(async (sandbox) => {
    const authority = await TestAuthority.make("Example Trust");
    place(sandbox, await authority.sign([host]));
    sandbox.write("certs/ca.pem", authority.root);
    await sandbox.succeed(["controller", "start", ...files, "--grant-ca", "certs/ca.pem"]);
    const { grantUrl, operationsUrl, log } = await certificateStatus(sandbox);
    const logStart = fs.statSync(log).size;
    await body({
      sandbox,
      authority,
      port: Number(new URL(grantUrl).port),
      async metric(name) {
        const text = await (await fetch(`${operationsUrl}/metrics`)).text();
        return new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1];
      },
      logged: (event) =>
        fs.readFileSync(log, "utf8").slice(logStart).split("\n").filter((line) => line !== "")
          .map((line) => JSON.parse(line)).findLast((line) => line.event === event),
    });
    await sandbox.succeed(["controller", "stop"]);
  });
}

test(
  "a certificate renewed in its place is served without a restart, and redemptions go on",
  withRenewals(async ({ sandbox, authority, port, metric }) => {
    const uses = 60;
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", String(uses));
    const token = parseToken(sandbox.read("t.yaml"), "t.yaml");
    let next = 0;
    let renewals = 0;
    async function redeemOn(): Promise<number> {
      let redeemed = 0;
      // the last ones wait for the last certificate
      for (let number = next++; number < uses; number = next++) {
        await eventually(() => renewals > 2 || number < uses - 8);
        const name = `r${number}`;
        assert.equal((await postToken(token, { name, subject: name })).status, 200);
        redeemed++;
      }
      return redeemed;
    }
    const lanes = Array.from({ length: 4 }, redeemOn);
    for (; renewals < 3; renewals++) {
      const files = await authority.sign([host], [-1, 50 + renewals]);
      place(sandbox, files);
      await eventually(() => isShown(port, files));
      const ends = Date.parse(new X509Certificate(files.chain).validTo) / 1000;
      assert.equal(
        Number(await metric("hawser_certificate_expiration_timestamp_seconds")),
        ends,
      );
    }
    const redeemed = (await Promise.all(lanes)).reduce((sum, each) => sum + each);
    assert.equal(redeemed, uses);
    assert.equal((await postToken(token, { name: "late", subject: "late" })).status, 404);
    const { name } = token.metadata;
    await eventually(async () =>
      (await listGrants(sandbox)).find((grant) => grant.name === name)?.redemptions === uses
    );
  }),
);

test(
  "a half-written or bad renewal is told of, and the certificate of before serves on",
  withRenewals(async ({ sandbox, authority, port, metric, logged }) => {
    const before = (await shownCertificate(port)).fingerprint256;
    const next = await authority.sign([host]);
    const problem = async () => (await certificateStatus(sandbox)).certificate.problem;
    const steps: [() => void, RegExp][] = [
      [() => putWhole(sandbox, "certs/fullchain.pem", next.chain), /key is not the certificate's/],
      [
        () => putWhole(sandbox, "certs/fullchain.pem", next.chain.slice(0, 99)),
        /no PEM certificate/,
      ],
      [() => fs.rmSync(`${sandbox.folder}/certs/fullchain.pem`), /fullchain\.pem does not exist/],
    ];
    for (const [change, expected] of steps) {
      change();
      await eventually(async () => expected.test(await problem() ?? ""));
      assert.equal((await shownCertificate(port)).fingerprint256, before);
      assert.equal(await metric("hawser_certificate_problem"), "1");
      assert.match(logged("certificate-problem")!["problem"]!, expected);
    }
    const { stdout } = await sandbox.succeed(["controller", "status"]);
    assert.match(stdout, /Certificate problem: +what is there now is not served: .*does not exist/);
    const doctor = await sandbox.hawser(["doctor", "-n", "west"]);
    assert.match(doctor.stdout, /certificate .*fullchain\.pem: what is there now is not served/);
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);

    place(sandbox, next);
    await eventually(() => isShown(port, next));
    await eventually(async () => await problem() === undefined);
    assert.equal(await metric("hawser_certificate_problem"), "0");
  }),
);

test(
  "a certificate of another authority is served, and which tokens it makes useless is told",
  withRenewals(async ({ sandbox, port, logged }) => {
    const grant = await issueToken(sandbox, "old.yaml", "--redemptions-allowed", "2");
    const other = await TestAuthority.make("Other Trust");
    const next = await other.sign([host]);
    putWhole(sandbox, "certs/ca.pem", other.root);
    place(sandbox, next);
    await eventually(() => isShown(port, next));
    await eventually(async () => (await certificateStatus(sandbox)).certificate.notice);
    const { stdout } = await sandbox.succeed(["controller", "status"]);
    assert.match(stdout, /Tokens pin: +Other Trust\n/);
    assert.match(
      stdout,
      /Tokens refused: .*before 20\S+ pin Example Trust, which has not signed it/,
    );
    assert.match(logged("tokens-refused")!["notice"]!, /issue them anew from the same grants/);

    const redeem = (file: string) => sandbox.hawser(["token", "redeem", file, "-n", "east"]);
    assert.equal((await redeem("old.yaml")).code, 8);
    const authority = ["get", "accessgrant", grant, "-n", "west", "-o", "jsonpath={.status.ca}"];
    await eventually(async () =>
      (await sandbox.succeed(authority)).stdout.trim() === other.root.trim()
    );
    await issueToken(sandbox, "new.yaml", "--grant", grant);
    assert.equal(parseToken(sandbox.read("new.yaml"), "new.yaml").spec.ca, other.root);
    const redeemed = await redeem("new.yaml");
    assert.equal(redeemed.code, 0, redeemed.stderr);
  }),
);

test(
  "two controllers serve one name with the same certificate, each the grants of its own home",
  withRenewals(async ({ sandbox, port }) => {
    const other = { env: { HAWSER_DATA_HOME: `${sandbox.folder}/other` } };
    const otherPort = await findQuietPort();
    await sandbox.succeed([
      ...["controller", "start", ...files, "--grant-ca", "certs/ca.pem"],
      ...["--grant-port", otherPort],
    ], other);
    await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess], other);
    await issueToken(sandbox, "one.yaml");
    await sandbox.succeed(["token", "issue", "two.yaml", "-n", "west"], other);
    const [one, two] = ["one.yaml", "two.yaml"].map((file) =>
      parseToken(sandbox.read(file), file)
    ) as [UsableToken, UsableToken];
    assert.equal(new URL(one.spec.url).host, `${host}:${port}`);
    assert.equal(new URL(two.spec.url).host, `${host}:${otherPort}`);
    const astray = one.spec.url.replace(`:${port}/`, `:${otherPort}/`);
    const lost = { ...one, spec: { ...one.spec, url: astray } };
    assert.equal((await postToken(lost, { name: "x", subject: "x" })).status, 404);
    for (const file of ["one.yaml", "two.yaml"]) {
      await sandbox.succeed(["token", "redeem", file, "-n", "east"]);
    }
    await sandbox.succeed(["controller", "stop"], other);
  }),
);

test(
  "a restart keeps the certificate, and one that can't be served ends nothing that runs",
  sites.use(async (sandbox) => {
    const authority = await TestAuthority.make("Example Trust");
    const first = await authority.sign([host]);
    const acme = placeByLinks(sandbox, first, 1);
    await sandbox.succeed(["controller", "start", ...acme]);
    const port = new URL((await certificateStatus(sandbox)).grantUrl).port;
    await sandbox.succeed(["controller", "restart"]);
    assert.ok(await isShown(port, first));
    const { pid } = await certificateStatus(sandbox);

    const foreign = await (await TestAuthority.make("Other Trust")).sign([host]);
    place(sandbox, { ...foreign, key: first.key });
    const refused = await sandbox.hawser(["controller", "restart", ...files]);
    assert.equal(refused.code, 2, refused.stderr);
    fs.rmSync(`${sandbox.folder}/acme/live/grants/privkey.pem`);
    const lost = await sandbox.hawser(["controller", "restart"]);
    assert.equal(lost.code, 6, lost.stderr);
    assert.equal((await certificateStatus(sandbox)).pid, pid);
    assert.ok(await isShown(port, first));

    const second = await authority.sign([host]);
    placeByLinks(sandbox, second, 2);
    await eventually(() => isShown(port, second));
    await sandbox.succeed(["controller", "stop"]);
  }),
);

test("nothing of them has leaked", () => sites.end());
