import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { startDeadline } from "../../wait/deadline.ts";
import { type LockPace, withConfigLock } from "./lock.ts";

const forever = new AbortController().signal;
const impatient: LockPace = { waitMs: 50, pauseMs: 5, settleMs: 1 };

describe("withConfigLock()", () => {
  let home: string;
  let locks: string;
  let children: ChildProcess[];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "config-lock-"));
    locks = join(home, "locks", "config");
    children = [];
  });

  afterEach(async () => {
    for (const child of children) child.kill("SIGKILL");
    await rm(home, { recursive: true });
  });

  function start(program: string, args: string[]): ChildProcess {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    return child;
  }

  /** Another process that runs `body` with `withConfigLock`, `home` and `signal` at hand. */
  async function otherProcess(body: string): Promise<ChildProcess> {
    const script = join(home, `${Math.random()}.mts`);
    const module = pathToFileURL(join(import.meta.dirname!, "lock.ts"));
    await writeFile(
      script,
      `import { withConfigLock } from "${module}";
       import { readFileSync, writeFileSync } from "node:fs";
       const home = ${JSON.stringify(home)};
       const signal = new AbortController().signal;
       ${body}`,
    );
    const run = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-config"];
    return start(process.execPath, [...run, script]);
  }

  /** Puts the lock file of another program there, as jf makes it. */
  async function putLock(pid: number, time: bigint | string): Promise<string> {
    await mkdir(locks, { recursive: true });
    const path = join(locks, `jfrog-cli.conf.lck.${pid}.${time}`);
    await writeFile(path, "");
    return path;
  }

  const nanoseconds = () => BigInt(Date.now()) * 1_000_000n;

  test("holds jf's lock file while it runs, and takes it away whatever happens", async () => {
    await withConfigLock(home, forever, async () => {
      const [name, ...rest] = await readdir(locks);
      assert.match(name!, new RegExp(`^jfrog-cli\\.conf\\.lck\\.${process.pid}\\.\\d{19}$`));
      assert.deepEqual(rest, []);
      assert.equal((await readFile(join(locks, name!))).length, 0);
    });
    assert.deepEqual(await readdir(locks), []);
    await assert.rejects(
      withConfigLock(home, forever, () => Promise.reject(new Error("no"))),
      /^Error: no$/,
    );
    assert.deepEqual(await readdir(locks), []);
  });

  test("never lets two processes in at once, nor two calls of one process", async () => {
    const counter = join(home, "counter");
    await writeFile(counter, "0");
    const rounds = 20;
    const increment = `
      async function increment() {
        for (let round = 0; round < ${rounds}; round++) {
          await withConfigLock(home, signal, async () => {
            const seen = Number(readFileSync(${JSON.stringify(counter)}, "utf8"));
            await new Promise((resolve) => setTimeout(resolve, 1));
            writeFileSync(${JSON.stringify(counter)}, String(seen + 1));
          }, { waitMs: 600_000, pauseMs: 1, settleMs: 1 });
        }
      }
      await Promise.all([increment(), increment()]);`;
    const others = await Promise.all([1, 2, 3].map(() => otherProcess(increment)));
    const codes = await Promise.all(others.map(async (child) => (await once(child, "exit"))[0]));
    assert.deepEqual(codes, [0, 0, 0]);
    assert.equal(await readFile(counter, "utf8"), String(3 * 2 * rounds));
    assert.deepEqual(await readdir(locks), []);
  });

  test("takes over from a holder that was killed", async () => {
    const holder = await otherProcess(
      `await withConfigLock(home, signal, () => { console.log("held"); return new Promise(() => setInterval(() => {}, 1000)); });`,
    );
    await once(holder.stdout!, "data");
    await assert.rejects(withConfigLock(home, forever, () => Promise.resolve(), impatient), {
      code: "jfrog-config-locked",
      message: `Process ${holder.pid} has kept the JFrog configuration locked for 50ms: ` +
        `its lock file is in ${locks}`,
    });
    const waiting = withConfigLock(home, forever, () => readdir(locks));
    const exit = once(holder, "exit");
    holder.kill("SIGKILL");
    await exit;
    assert.equal((await waiting).length, 1);
    assert.deepEqual(await readdir(locks), []);
  });

  test("waits for another program that was first, until its file goes", async () => {
    const other = start("sleep", ["600"]);
    const path = await putLock(other.pid!, nanoseconds() - 1_000_000_000n);
    let isIn = false;
    const waiting = withConfigLock(home, forever, () => {
      isIn = true;
      return Promise.resolve();
    });
    while ((await readdir(locks)).length < 2);
    assert.equal(isIn, false);
    await rm(path);
    await waiting;
    assert.equal(isIn, true);
  });

  test("keeps out while another has begun, although that one's time is later", async () => {
    const other = start("sleep", ["600"]);
    await putLock(other.pid!, nanoseconds() + 3_600_000_000_000n);
    await assert.rejects(withConfigLock(home, forever, () => Promise.resolve(), impatient), {
      code: "jfrog-config-locked",
    });
    assert.equal((await readdir(locks)).length, 1);
  });

  test("takes away the file of a process that is no more, or cannot be, and one of its own pid that it has not made", async () => {
    const gone = start("true", []);
    await once(gone, "exit");
    await putLock(gone.pid!, nanoseconds() - 1n);
    await putLock(process.pid, nanoseconds() - 2n);
    await putLock(0, nanoseconds() - 3n);
    await withConfigLock(home, forever, async () => {
      assert.equal((await readdir(locks)).length, 1);
    });
  });

  test("leaves alone what is no lock file", async () => {
    await putLock(1, "none");
    await withConfigLock(home, forever, () => Promise.resolve(), impatient);
    assert.deepEqual(await readdir(locks), ["jfrog-cli.conf.lck.1.none"]);
  });

  test("is what was waited for when the time is up", async () => {
    const other = start("sleep", ["600"]);
    await putLock(other.pid!, nanoseconds() - 1n);
    const { signal } = startDeadline(50, forever);
    await assert.rejects(
      withConfigLock(home, signal, () => Promise.resolve()),
      {
        message: `Timed out after 50ms waiting for the lock of the JFrog configuration in ${locks}`,
      },
    );
  });

  test("ends with the signal while it waits, and leaves nothing", async () => {
    const other = start("sleep", ["600"]);
    await putLock(other.pid!, nanoseconds() - 1n);
    const stop = new AbortController();
    const waiting = withConfigLock(home, stop.signal, () => Promise.resolve());
    while ((await readdir(locks)).length < 2);
    stop.abort(new Error("stopped"));
    await assert.rejects(waiting, /^Error: stopped$/);
    assert.equal((await readdir(locks)).length, 1);
  });
});
