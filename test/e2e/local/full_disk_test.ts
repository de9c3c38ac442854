import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { inSandbox, isRoot, type Sandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import {
  issueToken,
  linkAccess,
  listGrants,
  prepareSites,
  redemptionFiles,
} from "../stage/sites.ts";

/** Gives `body` a small file system at that folder of the sandbox. */
async function withSmallDisk(
  sandbox: Sandbox,
  folder: string,
  body: (disk: SmallDisk) => Promise<void>,
): Promise<void> {
  const target = path.join(sandbox.folder, folder);
  fs.mkdirSync(target);
  mustRun("mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", target);
  try {
    const filler = path.join(target, ".filler");
    await body({
      async fill() {
        // a controller that finishes something gives room back: until it does not any more
        for (let fullFor = 0; fullFor < 5; fullFor++) {
          if (appendAllThatFits(filler) > 0) fullFor = 0;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      free: () => fs.rmSync(filler),
    });
  } finally {
    // what still runs there is ended with the sandbox
    mustRun("umount", "--lazy", target);
  }
}

/** Returns how much it was, in bytes. */
function appendAllThatFits(file: string): number {
  const handle = fs.openSync(file, "a");
  let bytes = 0;
  try {
    for (;;) bytes += fs.writeSync(handle, new Uint8Array(4096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
    return bytes;
  } finally {
    fs.closeSync(handle);
  }
}

interface SmallDisk {
  fill(): Promise<void>;
  free(): void;
}

function mustRun(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

test(
  "a token that finds no room on its disk leaves no file and no grant (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox);
    await withSmallDisk(sandbox, "stick", async (disk) => {
      await issueToken(sandbox, "stick/old.yaml");
      const [grants, old] = [await listGrants(sandbox), sandbox.read("stick/old.yaml")];
      await disk.fill();
      for (const name of ["new.yaml", "old.yaml"]) {
        assertRefused(
          await sandbox.hawser(["token", "issue", `stick/${name}`, "-n", "west"]),
          1,
          `error: Cannot write stick/${name}: the disk is full`,
        );
      }
      assert.deepEqual(fs.readdirSync(`${sandbox.folder}/stick`).sort(), [".filler", "old.yaml"]);
      assert.equal(sandbox.read("stick/old.yaml"), old);
      assert.deepEqual(await listGrants(sandbox), grants);
    });
  }),
);

test(
  "a site that finds no room on the disk leaves nothing of itself (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    await withSmallDisk(sandbox, "data", async (disk) => {
      const create = ["site", "create", "west", "-n", "west", "--enable-link-access"];
      const folder = path.join(sandbox.folder, "data");
      const files = () =>
        fs.readdirSync(folder, { recursive: true, encoding: "utf8" })
          .filter((file) => !/^(\.filler|hawser(\/\.locks.*)?)$/.test(file)).toSorted();
      const failed: string[] = [];
      // each time it fails at a later write than before
      for (let kib = 0;; kib += 4) {
        await disk.fill();
        fs.truncateSync(`${folder}/.filler`, fs.statSync(`${folder}/.filler`).size - kib * 1024);
        const { code, stderr } = await sandbox.hawser(create);
        if (code === 0) break;
        failed.push(
          /^error: Cannot write .*\/(\S+): the disk is full$/m.exec(stderr)?.[1] ?? stderr,
        );
        assert.deepEqual(files(), ["namespaces"], stderr);
      }
      const kinds = [...new Set(failed.map((file) => file.replace(/-.*/, "")))];
      assert.deepEqual(kinds, ["Site", "tls.crt", "tls.key", "platform.yaml", "RouterAccess"]);
    });
  }),
);

test(
  "doctor tells of a disk without room (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    await withSmallDisk(sandbox, "data", async () => {
      const { code, stdout } = await sandbox.hawser(["doctor", "-n", "west"]);
      assert.equal(code, 3);
      assert.match(
        stdout,
        /^problem {2}data home {2,}the disk of \S+\/data is full but for \d+ KiB\n +Make room there: /m,
      );
    });
  }),
);

test(
  "link access that finds no room on the disk is not given (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    await withSmallDisk(sandbox, "data", async (disk) => {
      await sandbox.succeed(["site", "create", "west", "-n", "west"]);
      const resources = path.join(sandbox.folder, "data/namespaces/west/input/resources");
      const filler = path.join(sandbox.folder, "data/.filler");
      const update = ["site", "update", "--enable-link-access", "-n", "west"];
      for (let kib = 0;; kib += 4) {
        await disk.fill();
        fs.truncateSync(filler, fs.statSync(filler).size - kib * 1024);
        if ((await sandbox.hawser(update)).code === 0) break;
        assert.deepEqual(fs.readdirSync(resources), ["Site-west.yaml"]);
        assert.doesNotMatch(
          sandbox.read(path.relative(sandbox.folder, `${resources}/Site-west.yaml`)),
          /linkAccess/,
        );
        await sandbox.succeed(["site", "status", "-n", "west"]);
      }
      assert.deepEqual(fs.readdirSync(resources).toSorted(), [
        "RouterAccess-west.yaml",
        "Site-west.yaml",
      ]);
    });
  }),
);

test(
  "a full disk at the redeeming site spends no use (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox);
    await issueToken(sandbox, "t.yaml");
    await withSmallDisk(sandbox, "far", async (disk) => {
      const far = { env: { HAWSER_DATA_HOME: path.join(sandbox.folder, "far") } };
      await sandbox.succeed(["site", "create", "east"], far);
      await disk.fill();
      const { code, stderr } = await sandbox.hawser(["token", "redeem", "t.yaml"], far);
      assert.match(stderr, /^error: Cannot write .*: the disk is full$/m);
      assert.equal(code, 1);
      assert.equal((await listGrants(sandbox))[0]!.redemptions, 0);
      disk.free();
      await sandbox.succeed(["token", "redeem", "t.yaml"], far);
    });
  }),
);

test(
  "a full disk at the issuing site spends no use, and the same command goes on later (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["site", "create", "east", "-n", "east"]);
    await withSmallDisk(sandbox, "far", async (disk) => {
      const far = { env: { HAWSER_DATA_HOME: path.join(sandbox.folder, "far") } };
      await sandbox.succeed(["controller", "start"], far);
      await sandbox.succeed(["site", "create", "west", ...linkAccess], far);
      await sandbox.succeed(["token", "issue", "t.yaml"], far);
      await disk.fill();
      const redeem = ["token", "redeem", "t.yaml", "-n", "east"];
      const { code, stderr } = await sandbox.hawser([...redeem, "--timeout", "2s"]);
      assert.equal(code, 124, stderr);
      assert.match(stderr, /^error: Timed out after 2s waiting for the grant service at .*503/m);
      assert.match(stderr, /^hint: To go on from here: hawser token redeem t\.yaml -n east$/m);
      assert.deepEqual(redemptionFiles(sandbox, "east").filter((file) => !/key$/.test(file)), []);
      disk.free();
      await sandbox.succeed(redeem);
      assert.equal(redemptionFiles(sandbox, "east").length, 2);
      await sandbox.succeed(["controller", "stop"], far);
    });
  }),
);

test(
  "a data home that can't be written is told, and another can be named (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    fs.mkdirSync(sandbox.dataHome, { mode: 0o755 });
    const wanted = [
      `error: Cannot use the data home ${sandbox.dataHome}: permission denied`,
      "hint: HAWSER_DATA_HOME names another one.",
    ] as const;
    for (
      const args of [["site", "create", "west"], ["controller", "start"], ["controller", "run"]]
    ) {
      assertRefused(await sandbox.hawser(args), 3, ...wanted);
    }
    assert.deepEqual(fs.readdirSync(sandbox.dataHome), []);
    const elsewhere = { env: { HAWSER_DATA_HOME: path.join(sandbox.folder, "home/data") } };
    await sandbox.succeed(["site", "create", "west"], elsewhere);
  }, { ordinaryUser: true }),
);
