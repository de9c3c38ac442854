import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox, shareSandbox } from "../stage/harness.ts";
import { endProcessesOf } from "../stage/own_processes.ts";
import { issueToken, listGrants } from "../stage/sites.ts";

// A Site that is nothing but a file, as git, Ansible or an editor leaves it.

const hasStrace = spawnSync("strace", ["-V"]).status === 0;

/**
 * Where a controller that founds a site is killed: before its n-th such call in a thread, of any
 * file or of one. What it renames before the founding counts too.
 */
const steps: [call: string, when: number, file?: (site: string) => string][] = [
  ["mkdir,mkdirat", 1, (site) => `namespaces/${site}/input/issuers`],
  ["mkdir,mkdirat", 1, (site) => `hawser/${site}`],
  ["link,linkat", 1],
  ["link,linkat", 2],
  ["rename", 2],
  ["rename", 3],
  ["rename", 4],
  ["rename", 5],
];

const shared = shareSandbox(async (sandbox) => {
  await sandbox.startController();
});

interface SeenSite {
  status: { status: string; message: string; endpoints?: { host: string; port: string }[] };
}

/** Puts a Site's file into the input of the namespace of its name. */
function declareSite(sandbox: Sandbox, name: string, spec = "", more = ""): string {
  const text = `apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata:\n  name: ${name}\n${spec}`;
  return sandbox.write(`${inputOf(name)}/10-site.yaml`, `${text}${more}`);
}

function inputOf(namespace: string): string {
  return `data/namespaces/${namespace}/input/resources`;
}

/** A RouterAccess that names the address of links, and leaves the ports to their defaults. */
function routerAccess(name: string, port: number): string {
  return `---\napiVersion: skupper.io/v2alpha1\nkind: RouterAccess\nmetadata:\n  name: ${name}\n` +
    `spec:\n  roles:\n  - name: inter-router\n    port: ${port}\n  - name: edge\n    port: ${
      port + 1
    }\n  subjectAlternativeNames: ["127.0.0.1"]\n`;
}

async function siteOf(sandbox: Sandbox, namespace: string): Promise<SeenSite> {
  const { stdout } = await sandbox.succeed(["site", "status", "-n", namespace, "-o", "json"]);
  const found = JSON.parse(stdout);
  return Array.isArray(found) ? found[0] : found;
}

async function awaitSite(sandbox: Sandbox, name: string, wanted: string | RegExp): Promise<void> {
  let last = "";
  await eventually(async () => {
    const { status, message } = (await siteOf(sandbox, name)).status;
    last = `${status} (${message})`;
    return typeof wanted === "string" ? status === wanted : wanted.test(last);
  }, () => `${name}: ${last}`);
}

/** Runs a controller until it is killed at that step, or has founded the site; true if killed. */
async function runUntilKilled(sandbox: Sandbox, index: number, site: string): Promise<boolean> {
  const [calls, when, file] = steps[index]!;
  const trace = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${calls}`];
  const only = file === undefined ? [] : ["-P", path.join(sandbox.dataHome, file(site))];
  const kill = ["-e", `inject=${calls}:signal=KILL:when=${when}`];
  const executable = path.join(sandbox.folder, "bin/hawser");
  const words = [...trace, ...only, ...kill, executable, "controller", "run"];
  const controller = sandbox.launch("strace", words);
  let isKilled = false;
  controller.ended.then(() => isKilled = true);
  await eventually(() => isKilled || fs.existsSync(accessFile(sandbox, site)));
  endProcessesOf(sandbox.folder);
  await controller.ended;
  return isKilled;
}

function accessFile(sandbox: Sandbox, site: string): string {
  return path.join(sandbox.folder, inputOf(site), `RouterAccess-${site}.yaml`);
}

test(
  "a Site's file is founded by the controller, and follows what the file says",
  shared.use(async (sandbox) => {
    declareSite(sandbox, "inland");
    await awaitSite(sandbox, "inland", "Ready");
    const access = `${inputOf("inland")}/RouterAccess-inland.yaml`;
    assert.ok(!fs.existsSync(path.join(sandbox.folder, access)));

    const file = declareSite(sandbox, "inland", "spec:\n  linkAccess: default\n");
    await eventually(() => fs.existsSync(path.join(sandbox.folder, access)));
    assert.match(sandbox.read(access), /name: inter-router\n\s+port: \d+/);
    assert.equal(fs.readFileSync(file, "utf8").includes("uid"), false, "the file stays its user's");

    declareSite(sandbox, "inland", "spec:\n  linkAccess: default\n  edge: true\n");
    await eventually(() => !fs.existsSync(path.join(sandbox.folder, access)));
    await awaitSite(sandbox, "inland", "Ready");
    // known by the platform it was founded with, without -p
    const status = ["site", "status", "-n", "inland", "-o", "json"];
    const { stdout } = await sandbox.succeed(status, { env: { SKUPPER_PLATFORM: undefined } });
    assert.match(stdout, /"platform": "linux"/);
  }),
);

test(
  "a RouterAccess that its user wrote is the site's link access as it stands",
  shared.use(async (sandbox) => {
    const spec = "spec:\n  linkAccess: default\n";
    const file = declareSite(sandbox, "harbour", spec, routerAccess("gate", 21_000));
    const text = fs.readFileSync(file, "utf8");
    await awaitSite(sandbox, "harbour", "Ready");
    assert.equal(fs.readFileSync(file, "utf8"), text);
    const { endpoints } = (await siteOf(sandbox, "harbour")).status;
    assert.deepEqual(endpoints?.map(({ host, port }) => `${host}:${port}`), [
      "127.0.0.1:21000",
      "127.0.0.1:21001",
    ]);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), ["10-site.yaml"]);
  }),
);

test(
  "what keeps a Site's file from being founded is in its status, and mended with the file",
  shared.use(async (sandbox) => {
    const resources = inputOf("dotted");
    const dotted = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata:\n  name: a.b\n";
    sandbox.write(`${resources}/site.yaml`, dotted);
    await awaitSite(sandbox, "dotted", /^Error \(.*"a\.b".*site name/);
    sandbox.write(`${resources}/site.yaml`, dotted.replace("a.b", "ab"));
    await awaitSite(sandbox, "dotted", "Ready");

    // the beginnings of an authority of the user's own
    sandbox.write("data/namespaces/half/input/issuers/skupper-site-ca/tls.crt", "none");
    declareSite(sandbox, "half");
    await awaitSite(sandbox, "half", /^Error \(.*is incomplete: no ca\.crt, tls\.key/);
    fs.rmSync(path.join(sandbox.dataHome, "namespaces/half/input/issuers/skupper-site-ca"), {
      recursive: true,
    });
    await awaitSite(sandbox, "half", "Ready");

    declareSite(sandbox, "own", "spec:\n  defaultIssuer: my-ca\n");
    await awaitSite(sandbox, "own", /^Pending \(.*"my-ca".*input\/issuers\/my-ca/);
    fs.cpSync(
      path.join(sandbox.dataHome, "namespaces/half/input/issuers/skupper-site-ca"),
      path.join(sandbox.dataHome, "namespaces/own/input/issuers/my-ca"),
      { recursive: true },
    );
    await awaitSite(sandbox, "own", "Ready");

    const second = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata:\n  name: zz\n";
    sandbox.write(`${inputOf("half")}/second.yaml`, second);
    await eventually(async () =>
      /Site "half" is in the namespace too/.test(
        (await sandbox.hawser(["site", "status", "zz", "-n", "half"])).stdout,
      )
    );
  }),
);

test(
  "a Site's file that goes takes the site out of service, and one put back is the same site",
  shared.use(async (sandbox) => {
    const file = declareSite(
      sandbox,
      "tide",
      "spec:\n  linkAccess: default\n",
      routerAccess("tide", 22_000),
    );
    await awaitSite(sandbox, "tide", "Ready");
    const grant = await issueToken(sandbox, "tide.yaml", "-n", "tide");
    const text = fs.readFileSync(file, "utf8");
    fs.rmSync(file);
    await eventually(async () => (await listGrants(sandbox, "tide"))[0]?.status !== "Ready");
    sandbox.write(path.relative(sandbox.folder, file), text);
    await eventually(async () => (await listGrants(sandbox, "tide"))[0]?.status === "Ready");
    assert.equal((await listGrants(sandbox, "tide"))[0]?.name, grant);
    declareSite(sandbox, "shore");
    await awaitSite(sandbox, "shore", "Ready");
    await sandbox.succeed(["token", "redeem", "tide.yaml", "-n", "shore"]);
  }),
);

test(
  "a certificate authority that is gone is not replaced unasked: put back, the token is good still",
  shared.use(async (sandbox) => {
    const site = ["--enable-link-access", "--link-host", "127.0.0.1", "-n", "bereft"];
    await sandbox.succeed(["site", "create", "bereft", ...site]);
    await sandbox.succeed(["site", "create", "heir", "-n", "heir"]);
    await sandbox.succeed(["token", "issue", "bereft.yaml", "-n", "bereft"]);
    const issuers = path.join(sandbox.dataHome, "namespaces/bereft/input/issuers");
    fs.renameSync(issuers, `${issuers}.away`);
    await awaitSite(sandbox, "bereft", /^Error \(The site's certificate authority is gone from /);
    assert.equal(fs.existsSync(issuers), false);
    const update = await sandbox.hawser(["site", "update", "--link-host", "::1", "-n", "bereft"]);
    assert.equal(update.code, 3);
    assert.match(update.stderr, /certificate authority is gone .*: put its files back, or delete/);
    const { stdout } = await sandbox.hawser(["doctor", "-n", "bereft"]);
    assert.match(stdout, /^problem {2}site .*put its files back/m);
    fs.renameSync(`${issuers}.away`, issuers);
    await awaitSite(sandbox, "bereft", "Ready");
    await sandbox.succeed(["token", "redeem", "bereft.yaml", "-n", "heir"]);
    fs.rmSync(issuers, { recursive: true });
    await sandbox.succeed(["site", "delete", "-n", "bereft"]);
    await sandbox.succeed(["site", "create", "bereft", ...site]);
    await awaitSite(sandbox, "bereft", "Ready");
  }),
);

test(
  "a RouterAccess of its user's opens a site that says nothing of link access, until it says none",
  shared.use(async (sandbox) => {
    declareSite(sandbox, "plain", "", routerAccess("plain", 40_100));
    await awaitSite(sandbox, "plain", "Ready");
    await sandbox.succeed(["token", "issue", "plain.yaml", "-n", "plain"]);
    await sandbox.succeed(["site", "update", "--disable-link-access", "-n", "plain"]);
    const { code, stderr } = await sandbox.hawser(["token", "issue", "no.yaml", "-n", "plain"]);
    assert.equal(code, 3);
    assert.match(stderr, /^error: Link access is not enabled$/m);
  }),
);

test("the sandbox of these sites ends without a trace", () => shared.end());

test(
  "killed at any step of a founding, the next controller finishes it (needs strace)",
  { skip: !hasStrace },
  inSandbox(async (sandbox) => {
    // the first start makes what is no part of a founding
    const first = await sandbox.startController();
    first.process.kill("SIGTERM");
    await first.ended;
    let kills = 0;
    for (const index of steps.keys()) {
      const site = `s${index}`;
      declareSite(sandbox, site, "spec:\n  linkAccess: default\n");
      if (await runUntilKilled(sandbox, index, site)) kills++;
    }
    // the first three are sure: how many calls each thread makes then is its own affair
    assert.ok(kills >= 3, `${kills} kills`);
    await sandbox.startController();
    for (const index of steps.keys()) {
      const site = `s${index}`;
      await eventually(() => fs.existsSync(accessFile(sandbox, site)), () => `${site} has none`);
      const state = fs.readdirSync(path.join(sandbox.dataHome, "hawser", site));
      assert.deepEqual(state.filter((entry) => entry.startsWith(".authority-")), []);
      assert.match((await siteOf(sandbox, site)).status.message, /^(OK|No address that .*)$/);
    }
  }),
);
