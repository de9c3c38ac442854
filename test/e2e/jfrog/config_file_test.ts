import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { inSandbox, isRoot, type Sandbox } from "../stage/harness.ts";

const file = "home/.jfrog/jfrog-cli.conf.v6";
const key = "randomkeywithlengthofexactly32!!";
const withKey = { env: { JFROG_CLI_ENCRYPTION_KEY: key } };
const password = "CanaryPassword0001";

const servers = (sandbox: Sandbox) => JSON.parse(sandbox.read(file)).servers;
const ids = (sandbox: Sandbox) =>
  servers(sandbox).map(({ serverId }: { serverId: string }) => serverId);

function add(id: string, ...more: string[]) {
  return ["config", "add", id, `--url=https://${id}.example`, "--interactive=false", ...more];
}

for (const version of ["0", "1", "2", "3", "4"]) {
  test(
    `a file of version ${version} whose list stands under servers is shown and kept`,
    inSandbox(async (sandbox) => {
      const text =
        `{"servers":[{"serverId":"a","url":"https://a.example/","accessToken":"${password}"}],"version":"${version}"}`;
      sandbox.write(file, text);
      const { stdout } = await sandbox.succeed(["config", "show"]);
      assert.match(stdout, /^Server ID:\t+a\nJFrog Platform URL:\t+https:\/\/a\.example\/\n/);
      assert.deepEqual(servers(sandbox), [
        { url: "https://a.example/", accessToken: password, serverId: "a" },
      ]);
      sandbox.secrets.length = 0;
    }),
  );
}

test(
  "what needs no secret needs no key: a lost one keeps nobody from removing and adding anew",
  inSandbox(async (sandbox) => {
    const secret = ["--user=u", "--password-stdin", "--enc-password=false"];
    const store = async (id: string) => {
      const options = { ...withKey, stdin: password };
      assert.equal((await sandbox.hawser(add(id, ...secret), options)).code, 0);
    };
    await store("a");
    const sealed = sandbox.read(file);
    const show = await sandbox.succeed(["config", "show", "a"]);
    assert.match(show.stdout, /\nPassword:\t+\*\*\*\n/);
    await sandbox.succeed(["config", "remove", "a", "--quiet"]);
    assert.deepEqual(servers(sandbox), []);
    sandbox.write(file, sealed);
    await sandbox.succeed(["config", "remove", "--quiet"]);
    assert.deepEqual(servers(sandbox), []);
    sandbox.write(file, sealed);
    const gone = { env: { JFROG_CLI_ENCRYPTION_KEY: `${sandbox.folder}/gone.key` } };
    assert.equal((await sandbox.hawser(["config", "remove", "a", "--quiet"], gone)).code, 0);
    sandbox.write(file, sealed);
    const again = await sandbox.hawser([...add("a", "--overwrite", ...secret)], { stdin: "new" });
    assert.equal(again.code, 0, again.stderr);
    assert.equal(servers(sandbox)[0].password, "new");
    // secrets that nobody can read now are kept, and none in clear is put beside them
    sandbox.write(file, sealed);
    await store("b");
    const both = servers(sandbox);
    await sandbox.succeed(["config", "use", "b"]);
    await sandbox.succeed(add("c"));
    assert.deepEqual(ids(sandbox), ["a", "b", "c"]);
    const passwords = () => servers(sandbox).map(({ password }: { password?: string }) => password);
    assert.deepEqual(passwords(), [both[0].password, both[1].password, undefined]);
    const refused = await sandbox.hawser(add("d", ...secret), { stdin: "new" });
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /there is no key\nhint: .*hawser config remove/);
    assert.deepEqual(ids(sandbox), ["a", "b", "c"]);
    const shown = await sandbox.hawser(["config", "export", "b"], {
      ...withKey,
      printsToken: true,
    });
    assert.match(Buffer.from(shown.stdout, "base64").toString(), new RegExp(password));
  }),
);

test(
  "a key that can't be used keeps nobody from what needs none, and nothing comes into the file in clear",
  inSandbox(async (sandbox) => {
    const secret = ["--user=u", "--password-stdin", "--enc-password=false"];
    for (const id of ["a", "b"]) {
      await sandbox.hawser(add(id, ...secret), { ...withKey, stdin: password });
    }
    const sealed = sandbox.read(file);
    const yaml = "home/.jfrog/security/security.yaml";
    const variable = (value: string) => ({ env: { JFROG_CLI_ENCRYPTION_KEY: value } });
    const broken: [env: object, yaml: string | undefined, why: RegExp][] = [
      [variable("short"), undefined, /Invalid encryption key in JFROG_CLI_ENCRYPTION_KEY: /],
      [variable(`${sandbox.folder}/gone.key`), undefined, /gone\.key does not exist/],
      [{}, "masterKey: short\n", /Invalid encryption key in .*security\.yaml: /],
      [{}, "masterKey: [\n", /security\.yaml: /],
    ];
    for (const [options, text, why] of broken) {
      sandbox.write(file, sealed);
      if (text !== undefined) sandbox.write(yaml, text);
      const good = [["show"], ["use", "b"], ["edit", "b", "--url=https://c.example"]];
      for (const args of [...good, ["remove", "a", "--quiet"]]) {
        const { code, stderr } = await sandbox.hawser(["config", ...args], options);
        assert.equal(code, 0, stderr);
      }
      const left = sandbox.read(file);
      for (const args of [["config", "export", "b"], add("c", ...secret)]) {
        const { code, stderr } = await sandbox.hawser(args, { ...options, stdin: password });
        assert.notEqual(code, 0);
        assert.match(stderr, why);
      }
      assert.equal(sandbox.read(file), left);
      const all = await sandbox.hawser(["config", "remove", "--quiet"], options);
      assert.equal(all.code, 0, all.stderr);
      const plain = await sandbox.hawser(add("c", ...secret), { ...options, stdin: password });
      assert.match(plain.stderr, why);
      assert.deepEqual(ids(sandbox), []);
    }
  }),
);

test(
  "a file mounted by itself is written in place, and what it held is back after a crash",
  { skip: !isRoot && "needs root to mount" },
  inSandbox(async (sandbox) => {
    await sandbox.succeed(add("a"));
    const target = path.join(sandbox.folder, file);
    fs.copyFileSync(target, `${sandbox.folder}/volume`);
    const mounted = await sandbox.run("mount", ["--bind", `${sandbox.folder}/volume`, target]);
    assert.equal(mounted.code, 0, mounted.stderr);
    try {
      const { stderr } = await sandbox.hawser(add("b"));
      assert.equal(stderr, "");
      assert.deepEqual(ids(sandbox), ["a", "b"]);
      const held = fs.readFileSync(target);
      await sandbox.succeed(["config", "remove", "b", "--quiet"]);
      assert.deepEqual(ids(sandbox), ["a"]);
      assert.ok(!fs.existsSync(`${target}.before`));
      // killed between the first byte and the last
      fs.writeFileSync(`${target}.before`, held);
      fs.writeFileSync(target, held.subarray(0, held.length / 2));
      const { stdout } = await sandbox.succeed(["config", "show", "b"]);
      assert.match(stdout, /^Server ID:\t+b\n/);
      await sandbox.succeed(add("c"));
      assert.deepEqual(ids(sandbox), ["a", "b", "c"]);
    } finally {
      await sandbox.run("umount", ["--lazy", target]);
    }
  }),
);

test(
  "a file keeps the mode that its owner gave it, and is never wider",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(add("a"));
    const target = path.join(sandbox.folder, file);
    for (
      const [before, after] of [[0o600, 0o600], [0o640, 0o640], [0o660, 0o660], [0o644, 0o600]]
    ) {
      fs.chmodSync(target, before!);
      await sandbox.succeed(add("b", "--overwrite"));
      assert.equal(fs.statSync(target).mode & 0o777, after);
    }
  }),
);

test(
  "a file of another owner or group is still theirs afterwards",
  { skip: !isRoot && "needs root to give files away" },
  inSandbox(async (sandbox) => {
    await sandbox.succeed(add("a"));
    const target = path.join(sandbox.folder, file);
    fs.chownSync(target, 12345, 12346);
    fs.chmodSync(target, 0o640);
    await sandbox.succeed(add("b"));
    const { uid, gid, mode } = fs.statSync(target);
    assert.deepEqual([uid, gid, mode & 0o777], [12345, 12346, 0o640]);
    assert.deepEqual(ids(sandbox), ["a", "b"]);
  }),
);

test(
  "config import takes a token that is folded into lines, as an argument and from stdin",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(add("a"));
    const { stdout } = await sandbox.hawser(["config", "export", "a"], { printsToken: true });
    const folded = stdout.trim().replaceAll(/.{64}/g, "$&\n");
    assert.match(folded, /\n/);
    for (const [args, stdin] of [[["-"], folded], [[folded], ""]] as const) {
      await sandbox.succeed(["config", "remove", "--quiet"]);
      const { code } = await sandbox.hawser(["config", "import", ...args], { stdin });
      assert.equal(code, 0);
      assert.deepEqual(ids(sandbox), ["a"]);
    }
  }),
);
