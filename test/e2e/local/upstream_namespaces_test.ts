import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { secretText } from "../../../src/resources/secret.ts";
import { parseResource, readResources } from "../../../src/resources/yaml.ts";
import { hashFolder } from "../../fakes/folder_hash.ts";
import { machineOf } from "../../fakes/machine.ts";
import { type Router, startRouter } from "../../fakes/router/router.ts";
import { type Machine, siteInput, systemStart, systemStop } from "../../fakes/system_start.ts";
import { hasOpenssl } from "../../openssl.ts";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { connects, startServer } from "../stage/openssl_ends.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, linkAccess, listGrants, redemptionFiles } from "../stage/sites.ts";

/** A namespace that upstream started, and its router. */
interface Upstream {
  machine: Machine;
  /** The namespace's folder. */
  root: string;
  /** Does to it what `skupper system reload` does; the router listens as it is told then. */
  reload(): Promise<void>;
  startRouter(): Promise<void>;
  stopRouter(): Promise<void>;
}

/**
 * The body of a test on a data home with west of upstream's, whose router runs, and a controller.
 */
function besideUpstream(
  body: (sandbox: Sandbox, upstream: Upstream) => Promise<void>,
  differences: Partial<Machine> = {},
) {
  return inSandbox(async (sandbox) => {
    const machine = await machineOf(sandbox.dataHome, "west", {
      hosts: ["127.0.0.1", "192.0.2.7"],
      ...differences,
    });
    const root = path.join(sandbox.dataHome, "namespaces/west");
    let router: Router | undefined;
    const upstream: Upstream = {
      machine,
      root,
      async reload() {
        await upstream.stopRouter();
        await systemStart(machine);
        await upstream.startRouter();
      },
      startRouter: async () => void (router = await startRouter(root)),
      async stopRouter() {
        await router?.stop();
        router = undefined;
      },
    };
    try {
      siteInput(machine, "west");
      await upstream.reload();
      await sandbox.succeed(["controller", "start", "-p", "linux"]);
      await sandbox.succeed(["site", "update", "--link-host", "127.0.0.1", "-n", "west"]);
      await sandbox.succeed(["site", "create", "east", "-n", "east", "-p", "linux", ...linkAccess]);
      await body(sandbox, upstream);
    } finally {
      await upstream.stopRouter();
      // upstream lets others read keys, which is not ours to answer for
      for (const part of ["runtime", "internal"]) {
        fs.rmSync(path.join(root, part), { recursive: true, force: true });
      }
    }
  }, { env: { SKUPPER_PLATFORM: "" } }); // the namespaces say themselves what they were made with
}

/** The files of a namespace but those below its input/resources, as one value. */
function hashUpstream(root: string): string {
  return ["runtime", "internal"].map((part) => hashFolder(path.join(root, part))).join();
}

const redeem = (file: string, namespace: string) => ["token", "redeem", file, "-n", namespace];
const check = (namespace: string) => ["link", "check", "-n", namespace];

test(
  "apply leaves a site that upstream started as it is, and stores nothing beside what it refuses",
  besideUpstream(async (sandbox, { root }) => {
    const shown =
      (await sandbox.succeed(["get", "site", "west", "-n", "west", "-o", "json"])).stdout;
    sandbox.write("site.json", shown);
    const same = await sandbox.succeed(["apply", "-f", "site.json"]);
    assert.equal(same.stdout, "site.skupper.io/west unchanged\n");
    const site = JSON.parse(shown);
    const metadata = { name: "beside", namespace: "west" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata, stringData: { a: "b" } };
    const changed = { ...site, spec: { ...site.spec, linkAccess: "none" } };
    const items = { apiVersion: "v1", kind: "List", items: [secret, changed] };
    sandbox.write("both.json", JSON.stringify(items));
    const input = hashFolder(path.join(root, "input/resources"));
    const refused = await sandbox.hawser(["apply", "-f", "both.json"]);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /^error: Cannot change namespace "west": "skupper system start"/m);
    assert.equal(hashFolder(path.join(root, "input/resources")), input);
    sandbox.write("secret.json", JSON.stringify(secret));
    const stored = await sandbox.succeed(["apply", "-f", "secret.json"]);
    assert.equal(stored.stdout, "secret/beside created\n");
  }),
);

for (const [release, platform] of [["2.1.4", "docker"], ["2.2.1", "podman"]] as const) {
  test(
    `tokens and links of a site that ${release} started on ${platform}, and nothing else in it changes`,
    besideUpstream(async (sandbox, upstream) => {
      const { root } = upstream;
      const untouched = hashUpstream(root);
      const certsBefore = fs.statSync(path.join(root, "runtime/certs"));
      const inputBefore = fs.readdirSync(path.join(root, "input/resources"));
      const status = await sandbox.succeed(["site", "status", "-n", "west"]);
      assert.match(status.stdout, /^Status: +Ready$/m);
      assert.match(status.stdout, /^Link access: +enabled$/m);
      assert.match(status.stdout, /^Endpoint: +inter-router 127\.0\.0\.1:\d+$/m);
      assert.match(status.stdout, /^Router: +running$/m);

      const grant = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "3");
      await sandbox.succeed(redeem("t.yaml", "east"));
      await sandbox.succeed(check("east"));
      await issueToken(sandbox, "again.yaml", "--grant", grant);
      const dropped = "data/namespaces/east/input/resources/token.yaml";
      const renamed = sandbox.read("again.yaml").replace(`name: ${grant}`, "name: other");
      sandbox.write(dropped, renamed);
      await eventually(() => redemptionFiles(sandbox, "east").includes("Link-other.yaml"));
      await eventually(async () => (await listGrants(sandbox))[0]!.redemptions === 2);

      const back = JSON.parse(
        (await sandbox.succeed(["token", "issue", "e.yaml", "-n", "east", "-o", "json"])).stdout,
      ).grant;
      const redeemed = await sandbox.succeed(redeem("e.yaml", "west"));
      const refused = "Not operational: nothing accepts links at the remote site's address";
      assert.ok(redeemed.stderr.includes(`hint: The link is not active yet: Pending (${refused})`));
      const links = await sandbox.succeed(["link", "status", "-n", "west"]);
      assert.match(links.stdout, new RegExp(`^${back} +Pending +1 +${refused}$`, "m"));
      const added = [`Link-${back}.yaml`, `Secret-${back}.yaml`];
      const input = path.join(root, "input/resources");
      assert.deepEqual(fs.readdirSync(input).toSorted(), [...inputBefore, ...added].toSorted());
      for (const file of added) {
        assert.equal(fs.statSync(path.join(input, file)).mode & 0o777, 0o600);
      }
      const profile = path.join(root, `runtime/certs/${back}-profile`);
      const aside = path.join(sandbox.folder, "profile");
      fs.renameSync(profile, aside); // nothing else is there that upstream has not made
      fs.utimesSync(path.dirname(profile), certsBefore.atime, certsBefore.mtime);
      assert.equal(hashUpstream(root), untouched);
      fs.renameSync(aside, profile);

      await upstream.reload();
      assert.ok(fs.existsSync(path.join(root, `runtime/certs/${back}-profile/tls.key`)));
      await sandbox.succeed(["link", "update", back, "--cost", "7", "-n", "west"]);
      assert.match(
        (await sandbox.succeed(["link", "status", back, "-n", "west"])).stdout,
        /Cost: +7/,
      );
      await sandbox.succeed(["link", "delete", back, "-n", "west"]);
      assert.deepEqual(fs.readdirSync(input).toSorted(), inputBefore.toSorted());
    }, { release, platform }),
  );
}

test(
  "grants outlive a reload, and not the site they are of",
  besideUpstream(async (sandbox, upstream) => {
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    await upstream.reload();
    await sandbox.succeed(redeem("t.yaml", "east"));
    await sandbox.succeed(check("east"));
    await upstream.stopRouter();
    systemStop(upstream.machine);
    siteInput(upstream.machine, "west");
    await upstream.reload();
    await sandbox.succeed(["site", "create", "south", "-n", "south", "-p", "linux"]);
    assertRefused(
      await sandbox.hawser(redeem("t.yaml", "south")),
      5,
      'error: Token "[WILDCARD]" was revoked at the site that issued it',
      "hint: Ask for a new token.",
    );
    assert.deepEqual(await listGrants(sandbox), []);
    const refused = await sandbox.hawser(check("east"));
    assert.equal(refused.code, 8, "its certificate is the former site's");
  }),
);

test(
  "a site whose router does not answer is not ready, and says what starts it",
  besideUpstream(async (sandbox, upstream) => {
    await upstream.stopRouter();
    const command = "skupper system reload -n west -p podman";
    const { stdout } = await sandbox.succeed(["site", "status", "-n", "west"]);
    assert.match(stdout, /^Status: +Pending$/m);
    assert.match(stdout, new RegExp(`^Router: +not running \\(${command} starts one\\)$`, "m"));
    assertRefused(
      await sandbox.hawser(["token", "issue", "t.yaml", "-n", "west", "--timeout", "0"]),
      124,
      'error: Timed out after 0s waiting for site "west" to be ready for links: ' +
        `site "west" is Pending (The router is not running, "${command}" starts it)`,
      "hint: To go on from here: hawser token issue t.yaml -n west",
    );
    const waiting = sandbox.start(["token", "issue", "t.yaml", "-n", "west"]);
    await upstream.startRouter();
    assert.equal((await waiting.ended).code, 0);
  }),
);

test(
  "what is upstream's to change is left to it, and so is a namespace of another platform",
  besideUpstream(async (sandbox, { root }) => {
    const untouched = hashFolder(root);
    const foreign = 'error: Cannot change namespace "west": "skupper system start" made it';
    assertRefused(
      await sandbox.hawser(["site", "update", "--disable-link-access", "-n", "west"]),
      3,
      foreign,
      'hint: Use "skupper site update" for it, then "skupper system reload -n west -p podman"',
    );
    assertRefused(
      await sandbox.hawser(["site", "delete", "-n", "west"]),
      3,
      foreign,
      "hint: [WILDCARD]",
    );
    for (const words of [["site", "status"], ["token", "issue", "t.yaml"], ["link", "status"]]) {
      assertRefused(
        await sandbox.hawser([...words, "-n", "west", "-p", "linux"]),
        3,
        'error: Cannot use platform "linux" for namespace "west": it was made with platform "podman"',
        "hint: Use -p podman, or choose another namespace with -n.",
      );
    }
    assert.equal(hashFolder(root), untouched);
  }),
);

test(
  "a generated link works at another site, and leaves nothing here",
  besideUpstream(async (sandbox, { root }) => {
    const untouched = hashFolder(root);
    const options = { printsToken: true };
    const { stdout } = await sandbox.succeed(["link", "generate", "-n", "west"], options);
    const [secret, link, ...more] = readResources(stdout, "stdout");
    assert.deepEqual([secret!["kind"], link!["kind"], more], ["Secret", "Link", []]);
    sandbox.write("data/namespaces/east/input/resources/west.yaml", stdout);
    await sandbox.succeed(check("east"));
    const json = ["link", "generate", "north", "--cost", "5", "-n", "west", "-o", "json"];
    const list = JSON.parse((await sandbox.succeed(json, options)).stdout);
    assert.equal(list.kind, "List");
    assert.equal(list.items[1].metadata.name, "north");
    assert.equal(list.items[1].spec.cost, 5);
    assert.equal(hashFolder(root), untouched);
    assertRefused(
      await sandbox.hawser(["link", "generate", "-n", "nowhere", "-p", "linux"]),
      3,
      'error: Cannot generate a link: there is no site in namespace "nowhere"',
      "hint: hawser site create nowhere --enable-link-access -n nowhere -p linux",
    );
  }),
);

test(
  "what a token gives authenticates against the router's own certificate (needs openssl)",
  { skip: !hasOpenssl },
  besideUpstream(async (sandbox, upstream) => {
    const grant = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(redeem("t.yaml", "east"));
    const text = sandbox.read(`data/namespaces/east/input/resources/Secret-${grant}.yaml`);
    const secret = parseResource("Secret", readResources(text, grant)[0]!, grant);
    const write = (part: string) => sandbox.write(`tls/${part}`, secretText(secret, part)!);
    const link = { ca: write("ca.crt"), certificate: write("tls.crt"), key: write("tls.key") };
    await upstream.stopRouter();
    const folder = path.join(upstream.root, "runtime/certs/west");
    const port = String(upstream.machine.ports["inter-router"]);
    const server = await startServer({
      ca: path.join(folder, "ca.crt"),
      certificate: path.join(folder, "tls.crt"),
      key: path.join(folder, "tls.key"),
    }, port);
    try {
      while (!await connects(port, link)) assert.equal(server.exitCode, null);
    } finally {
      server.kill("SIGKILL");
    }
  }),
);

test(
  "a broken resource is named with file and line, and stops nothing else",
  besideUpstream(async (sandbox) => {
    const file = sandbox.write(
      "data/namespaces/west/input/resources/mine.yaml",
      "# mine\nkind: Listener\n---\nkind: Link\nmetadata: [\n",
    );
    const { stderr } = await sandbox.succeed(["link", "status", "-n", "west"]);
    assert.match(stderr, new RegExp(`^warning: Invalid resource in ${file}: line \\d+: `, "m"));
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(redeem("t.yaml", "east"));
    const log = path.join(sandbox.dataHome, "hawser/.controller/controller.log");
    const told = fs.readFileSync(log, "utf8").split("\n").filter((line) => line.includes(file));
    assert.equal(told.length, 1);
    assert.match(told[0]!, /"event":"resource-ignored","namespace":"west".*line \d+/);
  }),
);

test(
  "redemptions succeed while upstream's controller writes its files anew",
  besideUpstream(async (sandbox, { root }) => {
    const folder = path.join(root, "runtime/resources");
    const files = fs.readdirSync(folder).map((name) => path.join(folder, name))
      .map((file) => ({ file, text: fs.readFileSync(file, "utf8") }));
    const rewriting = setInterval(() => {
      for (const { file, text } of files) fs.writeFileSync(file, text);
    }, 5);
    try {
      for (let i = 0; i < 10; i++) {
        await issueToken(sandbox, "t.yaml");
        await sandbox.succeed(redeem("t.yaml", "east"));
      }
    } finally {
      clearInterval(rewriting);
    }
    await eventually(async () =>
      (await listGrants(sandbox)).every(({ redemptions }) => redemptions === 1)
    );
  }),
);

test(
  "a site of ours that upstream starts keeps its tokens and links",
  inSandbox(async (sandbox) => {
    const machine = await machineOf(sandbox.dataHome, "west", { platform: "linux" });
    await sandbox.succeed(["controller", "start"]);
    await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
    await sandbox.succeed(["site", "create", "east", "-n", "east"]);
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    await sandbox.succeed(redeem("t.yaml", "east"));
    await systemStart(machine);
    const root = path.join(sandbox.dataHome, "namespaces/west");
    const router = await startRouter(root);
    try {
      await sandbox.succeed(check("east"));
      await sandbox.succeed(["site", "create", "south", "-n", "south", "-p", "linux"]);
      await sandbox.succeed(redeem("t.yaml", "south"));
      await sandbox.succeed(check("south"));
      const { stdout } = await sandbox.succeed(["site", "status", "-n", "west"]);
      assert.match(stdout, /^Status: +Ready$/m);
      await issueToken(sandbox, "next.yaml");
    } finally {
      await router.stop();
      for (const part of ["runtime", "internal"]) {
        fs.rmSync(path.join(root, part), { recursive: true });
      }
    }
  }),
);
