import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { apiVersion } from "../../../src/resources/api_version.ts";
import { eventually } from "../stage/eventually.ts";
import { isRoot, shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

const shared = shareSandbox((sandbox) => prepareSites(sandbox, "east"));

const dropped = "data/namespaces/east/input/resources";

test(
  "a dropped token that was refused is shown with its reason, by token status and site status",
  shared.use(async (sandbox) => {
    const name = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["grant", "revoke", name, "-n", "west"]);
    sandbox.write(`${dropped}/t.yaml`, sandbox.read("t.yaml"));
    const status = async (...args: string[]) =>
      (await sandbox.succeed(["token", "status", "-n", "east", ...args])).stdout;
    await eventually(async () => /\bError\b/.test(await status()), () => "never refused");
    const why = `Token "${name}" was revoked at the site that issued it`;
    assert.equal(
      await status(),
      `NAME        STATUS  REDEEMED  MESSAGE\n${name}  Error   no        ${why}\n`,
    );
    assert.match(
      await status(name),
      new RegExp(
        `^Name: +${name}\nStatus: +Error\nMessage: +${why}\nRedeemed: +no\nURL: +https://.*\n` +
          `Redeemed: +False \\(${why}\\)\n$`,
      ),
    );
    const found = JSON.parse(await status(name, "-o", "json"));
    assert.equal(found.status.message, why);
    assert.equal(found.status.conditions[0].type, "Redeemed");
    assert.equal(found.spec.code, undefined);
    assert.equal(found.platform, "linux");
    const site = await sandbox.succeed(["site", "status", "-n", "east"]);
    assert.equal(site.stderr, `warning: Access token "${name}" is not redeemed: ${why}\n`);
    assertRefused(
      await sandbox.hawser(["token", "status", "none", "-n", "east"]),
      6,
      'error: AccessToken "none" does not exist in namespace "east"',
      "hint: hawser token status -n east",
    );
  }),
);

test(
  "a dropped token that is none is told by every command that looks",
  shared.use(async (sandbox) => {
    await issueToken(sandbox, "bad.yaml");
    const file = sandbox.write(
      `${dropped}/bad.yaml`,
      sandbox.read("bad.yaml").replace(/^spec:$/m, "spec:\n  linkCost: abc"),
    );
    for (const line of ["token status", "site status"]) {
      const { stderr } = await sandbox.succeed([...line.split(" "), "-n", "east"]);
      assert.ok(
        new RegExp(`^warning: Invalid resource in ${file}.*: spec.linkCost must be`, "m").test(
          stderr,
        ),
        stderr,
      );
    }
    fs.rmSync(file);
  }),
);

test(
  "grant status shows all of a grant but its code",
  shared.use(async (sandbox) => {
    const name = await issueToken(sandbox, "g.yaml", "--redemptions-allowed", "3");
    const args = ["grant", "status", name, "-n", "west"];
    const { stdout } = await sandbox.succeed(args);
    const shown = [
      `Name: +${name}`,
      "Status: +Ready",
      "Message: +-",
      "Redemptions: +0/3",
      "Expires: +20.*Z \\(in 1\\dm\\d*s?\\)",
      "URL: +https://127.0.0.1:\\d+/.*",
      "CA: +present",
      "Code: +present, not shown",
      "Processed: +True",
      "Ready: +True",
      "Resolved: +True",
    ];
    assert.match(stdout, new RegExp(`^${shown.join("\n")}\n$`));
    const data = JSON.parse((await sandbox.succeed([...args, "-o", "json"])).stdout);
    assert.deepEqual(
      Object.keys(data.status).sort(),
      ["ca", "conditions", "expirationTime", "message", "redemptions", "status", "url"],
    );
    assert.equal(data.status.message, "OK");
    assertRefused(
      await sandbox.hawser(["grant", "status", "none", "-n", "west"]),
      6,
      'error: AccessGrant "none" does not exist in namespace "west"',
      "hint: hawser grant list -n west",
    );
  }),
);

test(
  "what a resource file says in vain is told, with field and line",
  shared.use(async (sandbox) => {
    const folder = "data/namespaces/north/input/resources";
    const grant = (...spec: string[]) =>
      [`apiVersion: ${apiVersion}`, "kind: AccessGrant", "metadata:", "  name: g", "spec:"]
        .concat(spec.map((line) => `  ${line}`), "").join("\n");
    const file = sandbox.write(`${folder}/a.yaml`, grant("code: x", "redemptionAllowed: 3"));
    sandbox.write(
      `${folder}/b.yaml`,
      `${"# a comment\n".repeat(20)}${grant("redemptionsAllowed: x")}`,
    );
    sandbox.write(`${folder}/c.json`, "{}");
    sandbox.write(`${folder}/d.YAML`, "{}");
    sandbox.write(`${folder}/e.yaml`, "kind: List\nitems: []\n");
    sandbox.write(`${folder}/.#f.yaml`, "a: [");
    const list = () => sandbox.succeed(["grant", "list", "-n", "north"]);
    const { stdout, stderr } = await list();
    assert.match(stdout, /^g +Pending +0\/1 /m);
    const at = file.slice(0, -"a.yaml".length);
    assert.deepEqual(stderr.trimEnd().split("\n").sort(), [
      `warning: Invalid resource in ${at}b.yaml, line 26: spec.redemptionsAllowed must be a number, not text`,
      `warning: Unknown field in ${at}a.yaml, line 7: spec.redemptionAllowed has no effect; is redemptionsAllowed meant?`,
      `warning: What ${at}c.json holds is left out: its name must end with .yaml or .yml`,
      `warning: What ${at}d.YAML holds is left out: its name must end with .yaml or .yml`,
      `warning: What ${at}e.yaml holds is left out: of its documents, a List is not read: separate its items with ---`,
    ]);
    sandbox.write(`${folder}/b.yaml`, grant("redemptionsAllowed: 2"));
    const twice = await list();
    assert.match(twice.stdout, /^g +Pending +0\/2 /m);
    assert.ok(
      twice.stderr.includes(`warning: What ${at}a.yaml holds is left out: AccessGrant "g" `),
    );
    sandbox.write("t2.yaml", "");
    await issueToken(sandbox, "t2.yaml");
    sandbox.write("t2.yaml", sandbox.read("t2.yaml").replace(/^spec:$/m, "spec:\n  linkcost: 3"));
    const inspected = await sandbox.succeed(["token", "inspect", "t2.yaml"]);
    assert.equal(
      inspected.stderr,
      "warning: Unknown field in t2.yaml: spec.linkcost has no effect; is linkCost meant?\n",
    );
  }),
);

test(
  "a token is issued from a grant only where the next redemption would work",
  shared.use(async (sandbox) => {
    for (const attempt of [1, 2, 3]) {
      const file = `last-${attempt}.yaml`;
      const grant = await issueToken(sandbox, file);
      await sandbox.succeed(["token", "redeem", file, "-n", "east"]);
      assertRefused(
        await sandbox.hawser(["token", "issue", "dead.yaml", "--grant", grant, "-n", "west"]),
        5,
        `error: Access grant "${grant}" has no redemptions left of 1`,
        "hint: A token without --grant gets a new one: hawser token issue <file> -n west",
      );
      assert.ok(!fs.existsSync(path.join(sandbox.folder, "dead.yaml")));
    }
  }),
);

test(
  "a grant that no link can come of is not Ready, and says why until it can",
  shared.use(async (sandbox) => {
    const put = (name: string, spec: object) =>
      sandbox.write(
        `data/namespaces/west/input/resources/${name}.yaml`,
        JSON.stringify({ apiVersion, kind: "AccessGrant", metadata: { name }, spec }),
      );
    put("signed", { issuer: "own-ca" });
    put("negative", { redemptionsAllowed: -3 });
    const state = async (name: string) => {
      const grants: { name: string; status: string; message?: string }[] = JSON.parse(
        (await sandbox.succeed(["grant", "list", "-n", "west", "-o", "json"])).stdout,
      );
      const grant = grants.find((one) => one.name === name);
      return [grant?.status, grant?.message];
    };
    const issuers = "data/namespaces/west/input/issuers";
    const missing = 'certificate authority "own-ca" does not exist';
    await eventually(async () => (await state("signed"))[1] !== undefined);
    assert.deepEqual(await state("signed"), [
      "Pending",
      `Cannot sign for the site in namespace "west": ${missing}`,
    ]);
    await eventually(async () => (await state("negative"))[0] === "Error");
    assert.deepEqual(await state("negative"), [
      "Error",
      "Invalid redemptionsAllowed -3: it must not be negative",
    ]);
    for (const file of ["ca.crt", "tls.crt", "tls.key"]) {
      sandbox.write(
        `${issuers}/own-ca/${file}`,
        sandbox.read(`${issuers}/skupper-site-ca/${file}`),
      );
    }
    await eventually(async () => (await state("signed"))[0] === "Ready");
  }),
);

test(
  "results name their platform; where it was inferred that is said, and a contradiction is refused",
  shared.use(async (sandbox) => {
    const env = { SKUPPER_PLATFORM: undefined };
    const inferred = await sandbox.succeed(["link", "status", "-n", "east"], { env });
    assert.match(inferred.stderr, /^platform: linux, which the namespace was made with$/m);
    const json = await sandbox.succeed(["grant", "list", "-n", "west", "-o", "json"], { env });
    assert.doesNotMatch(json.stderr, /platform/);
    for (const grant of JSON.parse(json.stdout)) assert.equal(grant.platform, "linux");
    const said = await sandbox.succeed(["link", "status", "-n", "east"]);
    assert.doesNotMatch(said.stderr, /platform/);
    for (const contradiction of [["-p", "docker"], []]) {
      assertRefused(
        await sandbox.hawser(["site", "delete", "-n", "east", ...contradiction], {
          env: { SKUPPER_PLATFORM: "docker" },
        }),
        3,
        'error: Cannot use platform "docker" for namespace "east": it was made with platform "linux"',
        "hint: Use -p linux, or choose another namespace with -n.",
      );
    }
    // a cluster is another place: what is here stays as it is
    const env2 = { SKUPPER_PLATFORM: "kubernetes", KUBECONFIG: "/nonexistent" };
    const { code } = await sandbox.hawser(["site", "delete", "-n", "east"], { env: env2 });
    assert.equal(code, 3);
    assert.ok(fs.existsSync(path.join(sandbox.dataHome, "namespaces/east/input/resources")));
  }),
);

test(
  "on a read-only file system what only reads works, and the rest says what is read-only",
  { skip: !isRoot },
  shared.use(async (sandbox) => {
    const home = sandbox.dataHome;
    const mounts = `mount --bind ${home} ${home} && mount -o remount,ro,bind ${home}`;
    const call = (line: string) =>
      sandbox.run("unshare", ["-m", "sh", "-c", `${mounts} && exec hawser ${line}`]);
    for (const line of ["site status", "link status", "grant list", "token status"]) {
      const { code, stderr } = await call(`${line} -n west`);
      assert.equal(code, 0, `${line}: ${stderr}`);
    }
    assert.equal((await call("controller status")).code, 0);
    for (
      const line of ["token issue r.yaml -n west", "site create x -n x", "site delete -n east"]
    ) {
      const { code, stderr } = await call(line);
      assert.ok(code === 1 || code === 3, `${line}: ${code} ${stderr}`);
      assert.match(stderr, /^error: Cannot (use|write) .*: (the file system|it) is read-only$/m);
    }
  }),
);

test(
  "a link that was dropped in goes, and it is said that its Secret stays",
  shared.use(async (sandbox) => {
    const { stdout } = await sandbox.succeed(["link", "generate", "l", "-n", "west"], {
      printsToken: true,
    });
    const file = sandbox.write(`${dropped}/l.yaml`, stdout);
    const [name] = /^ {2}name: (.*)$/m.exec(stdout)!.slice(1);
    const { stderr } = await sandbox.succeed(["link", "delete", name!, "-n", "east"]);
    assert.match(
      stderr,
      new RegExp(`^warning: Secret "${name}" stays, with the link's key in it: no redemption`),
    );
    fs.rmSync(file);
  }),
);

test("what was printed and left behind holds no secret", shared.end);
