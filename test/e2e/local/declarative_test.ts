import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";

const apiVersion = "skupper.io/v2alpha1";

/** A document of a resource file. */
function document(kind: string, name: string, namespace: string, spec: object): string {
  const version = kind === "Secret" ? "v1" : apiVersion;
  const metadata = { name, namespace };
  return `---\n${JSON.stringify({ apiVersion: version, kind, metadata, ...spec }, null, 1)}\n`;
}

/** The folder of a whole set-up: the site west, which takes links by grant "crew", and east. */
function writeSetup(sandbox: Sandbox): void {
  const west = [
    // not in the order in which they can be made
    document("AccessGrant", "crew", "west", {
      spec: { redemptionsAllowed: 2, expirationWindow: "1h" },
    }),
    document("Site", "west", "west", { spec: { linkAccess: "default" } }),
    document("RouterAccess", "west", "west", {
      spec: {
        roles: [{ name: "inter-router", port: 23_000 }, { name: "edge", port: 23_001 }],
        subjectAlternativeNames: ["127.0.0.1"],
      },
    }),
  ];
  sandbox.write("setup/west.yaml", west.join(""));
  sandbox.write("setup/east.json", document("Site", "east", "east", { spec: {} }).slice(4));
  sandbox.write("setup/notes.txt", "no resources");
}

interface Shown {
  metadata: { name: string; uid?: string };
  spec: Record<string, unknown>;
  status?: Record<string, unknown> & { status?: string };
}

async function show(sandbox: Sandbox, ...words: string[]): Promise<Shown> {
  const secret = words.includes("--show-secrets");
  const { stdout } = await sandbox.succeed(["get", ...words, "-o", "json"], {
    printsToken: secret,
  });
  return JSON.parse(stdout);
}

test(
  "apply -f of a folder and a controller are a whole set-up, linked by a grant and a token",
  inSandbox(async (sandbox) => {
    writeSetup(sandbox);
    const first = await sandbox.succeed(["apply", "-f", "setup"]);
    assert.equal(
      first.stdout,
      "routeraccess.skupper.io/west created\nsite.skupper.io/east created\n" +
        "site.skupper.io/west created\naccessgrant.skupper.io/crew created\n",
    );
    const again = await sandbox.succeed(["apply", "-f", "setup"]);
    assert.equal(again.stdout, first.stdout.replaceAll("created", "unchanged"));
    await sandbox.startController();

    await sandbox.succeed(["wait", "grant", "crew", "-n", "west"]);
    const { status } = await show(sandbox, "gr", "crew", "-n", "west", "--show-secrets");
    const { url, ca, code } = status as { url: string; ca: string; code: string };
    sandbox.secrets.push(code);
    const token = document("AccessToken", "crew", "east", { spec: { url, ca, code, linkCost: 3 } });
    sandbox.write("token.yaml", token);
    const made = await sandbox.succeed(["apply", "-f", "token.yaml"]);
    assert.equal(made.stdout, "accesstoken.skupper.io/crew created\n");
    await sandbox.succeed(["wait", "token", "crew", "-n", "east"]);

    const links = await sandbox.succeed(["get", "links", "-n", "east", "-o", "name"]);
    assert.equal(links.stdout, "link.skupper.io/crew\n");
    const table = await sandbox.succeed(["get", "accesstokens,ln", "-n", "east"]);
    assert.match(table.stdout, /^NAME +URL +REDEEMED +STATUS +MESSAGE\n/);
    assert.match(
      table.stdout,
      /^accesstoken\.skupper\.io\/crew +https:\/\/127\.0\.0\.1:.* +true +Ready/m,
    );
    assert.match(table.stdout, /^link\.skupper\.io\/crew +Pending/m);
    let used = "";
    await eventually(async () => {
      const args = ["get", "accessgrants", "-n", "west", "-o", "wide"];
      used = (await sandbox.succeed(args)).stdout;
      return /^crew +2 +1 +\d.* +Ready +OK +1h +https:/m.test(used);
    }, () => used);

    await hideAndRefuse(sandbox);
    await describeAll(sandbox);
    await change(sandbox);
    await removeAll(sandbox);
  }),
);

/** What is hidden is in no output, and is never applied as a value. */
async function hideAndRefuse(sandbox: Sandbox): Promise<void> {
  for (const what of [["accesstoken", "crew"], ["secret", "crew"]]) {
    for (const format of ["yaml", "json"]) {
      const { stdout } = await sandbox.succeed(["get", ...what, "-n", "east", "-o", format]);
      assert.match(stdout, /<hidden>/);
      const refused = await sandbox.hawser(["apply", "-f", "-"], { stdin: stdout });
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /in standard input, line \d+ is hidden, and no value\n/);
      assert.match(refused.stderr, /--show-secrets/);
    }
    const args = ["get", ...what, "-n", "east", "-o", "yaml", "--show-secrets"];
    const open = await sandbox.succeed(args, { printsToken: true });
    const back = await sandbox.succeed(["apply", "-f", "-"], { stdin: open.stdout });
    assert.match(back.stdout, /\/crew unchanged\n$/);
  }
  // nor is it a code where another program puts such a file in place
  const { stdout: token } = await sandbox.succeed([
    "get",
    "to",
    "crew",
    "-n",
    "east",
    "-o",
    "yaml",
  ]);
  sandbox.write("shown.yaml", token);
  const spent = await sandbox.hawser(["token", "redeem", "shown.yaml", "-n", "east"]);
  fs.rmSync(path.join(sandbox.folder, "shown.yaml")); // the mark in it is no secret to look for
  assert.equal(spent.code, 2, spent.stderr);
  assert.match(spent.stderr, /spec\.code is hidden: it was printed without --show-secrets/);
  const marked = document("AccessGrant", "marked", "west", { spec: { code: "<hidden>" } });
  sandbox.write("data/namespaces/west/input/resources/marked.yaml", marked);
  await sandbox.succeed(["wait", "grant", "marked", "--for", "error", "-n", "west"]);
  const { status } = await show(sandbox, "grant", "marked", "-n", "west", "--show-secrets");
  assert.match(String(status?.["message"]), /^spec\.code is hidden/);
  assert.match(String(status?.["code"]), /^\w{24}$/);
  fs.rmSync(path.join(sandbox.dataHome, "namespaces/west/input/resources/marked.yaml"));

  const { stdout } = await sandbox.succeed(["get", "accessgrant/crew", "-n", "west", "-o", "yaml"]);
  // the code is in the status alone, which is not applied
  const back = await sandbox.succeed(["apply", "-f", "-"], { stdin: stdout });
  assert.equal(back.stdout, "accessgrant.skupper.io/crew unchanged\n");
}

async function describeAll(sandbox: Sandbox): Promise<void> {
  const site = await sandbox.succeed(["describe", "site/west", "-n", "west"]);
  assert.match(site.stdout, /^Name: {9}west\nNamespace: {4}west\nLabels: {7}<none>\n/);
  assert.match(site.stdout, /^Spec:\n {2}Link Access: {2}default\n/m);
  assert.match(site.stdout, /^ {4}Type: +Configured$/m);
  const secret = await sandbox.succeed(["describe", "secrets", "crew", "-n", "east"]);
  assert.match(secret.stdout, /^Data\n====\nca\.crt: {3}\d+ bytes\n[^]*tls\.key: {2}hidden\n/m);
  const missing = await sandbox.hawser(["get", "sites", "west", "none", "-n", "west"]);
  assert.equal(missing.code, 6);
  assert.match(missing.stdout, /^west +Ready/m);
  assert.match(missing.stderr, /^error: Site "none" does not exist in namespace "west"$/m);
}

/** A change of a file that lies in the input is made there; what is wrong changes nothing. */
async function change(sandbox: Sandbox): Promise<void> {
  const file = "data/namespaces/west/input/resources/grants.yaml";
  const dropped = document("AccessGrant", "dropped", "west", { spec: { expirationWindow: "2h" } });
  sandbox.write(file, `# of the user\n${dropped}`);
  await sandbox.succeed(["wait", "grant", "dropped", "-n", "west"]);
  const { uid } = (await show(sandbox, "grant", "dropped", "-n", "west")).metadata;
  const wider = dropped.replace("2h", "3h");
  const applied = await sandbox.succeed(["apply", "-f", "-"], { stdin: wider });
  assert.equal(applied.stdout, "accessgrant.skupper.io/dropped configured\n");
  assert.match(sandbox.read(file), /^# of the user\n[^]*expirationWindow: 3h/);
  const after = await show(sandbox, "grant", "dropped", "-n", "west");
  assert.equal(after.metadata.uid, uid);
  assert.equal(after.spec["expirationWindow"], "3h");

  const secret = document("Secret", "fresh", "west", { stringData: { note: "a" } });
  const faults: [string, RegExp, number][] = [
    [document("Link", "bad", "west", { spec: {} }), /spec\.endpoints is missing/, 2],
    [document("Listener", "web", "west", {}), /hawser applies no Listener/, 2],
    [document("Site", "other", "west", {}), /A site already exists in namespace "west"/, 7],
    [secret, /Secret "fresh" stands in standard input, line \d+ too/, 2],
    ["---\nkind: [\n", /Invalid resource in standard input/, 2],
  ];
  for (const [text, error, code] of faults) {
    const failed = await sandbox.hawser(["apply", "-f", "-"], { stdin: `${secret}${text}` });
    assert.equal(failed.code, code, failed.stderr);
    assert.match(failed.stderr, error);
    assert.equal((await sandbox.hawser(["get", "secret", "fresh", "-n", "west"])).code, 6);
  }
  const typo = document("Site", "east", "east", { spec: { linkAcess: "none" } });
  const warned = await sandbox.succeed(["apply", "-f", "-", "--dry-run=server"], { stdin: typo });
  assert.match(warned.stderr, /linkAcess has no effect; is spec\.linkAccess meant\?|is linkAccess/);
  assert.equal(warned.stdout, "site.skupper.io/east checked (dry run)\n");
  const elsewhere = await sandbox.hawser(["apply", "-f", "-", "-n", "west"], { stdin: typo });
  assert.equal(elsewhere.code, 2);
}

async function removeAll(sandbox: Sandbox): Promise<void> {
  const gone = await sandbox.succeed(["delete", "link/crew", "secret/crew", "-n", "east"]);
  assert.equal(gone.stdout, 'link.skupper.io "crew" deleted\nsecret "crew" deleted\n');
  const twice = await sandbox.hawser(["delete", "link/crew", "-n", "east"]);
  assert.equal(twice.code, 6);
  for (const option of ["--quiet", "--ignore-not-found"]) {
    await sandbox.succeed(["delete", "link/crew", "-n", "east", option]);
  }
  // what is to go need not be right
  const extra = document("AccessGrant", "extra", "west", { spec: {} });
  await sandbox.succeed(["apply", "-f", "-"], { stdin: extra });
  const wrong = document("AccessGrant", "extra", "west", {
    spec: { redemptionsAllowed: "many", code: "<hidden>", nothing: 1 },
  });
  const ended = await sandbox.succeed(["delete", "-f", "-"], { stdin: wrong });
  assert.equal(ended.stdout, 'accessgrant.skupper.io "extra" deleted\n');
  assert.doesNotMatch(ended.stderr, /warning/);
  const all = await sandbox.succeed(["delete", "-f", "setup"]);
  assert.equal(
    all.stdout,
    'accessgrant.skupper.io "crew" deleted\nsite.skupper.io "west" deleted\n' +
      'site.skupper.io "east" deleted\nrouteraccess.skupper.io "west" deleted\n',
  );
  const authority = path.join(sandbox.dataHome, "namespaces/west/input/issuers/skupper-site-ca");
  await eventually(() => !fs.existsSync(authority));
}
