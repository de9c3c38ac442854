import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { isAppError } from "../errors/app_error.ts";
import { isLocked, lock, tryLock } from "./lock.ts";

const forever = new AbortController().signal;

describe("lock()", () => {
  let folder: string;
  let path: string;
  let children: ChildProcess[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "lock-"));
    path = join(folder, "lock");
    children = [];
  });

  afterEach(async () => {
    for (const child of children) child.kill("SIGKILL");
    await rm(folder, { recursive: true });
  });

  /** Another process that runs `body` with `isLocked`, `lock`, `path` and `signal` at hand. */
  async function otherProcess(body: string): Promise<ChildProcess> {
    const script = join(folder, `${Math.random()}.mts`);
    const module = pathToFileURL(join(import.meta.dirname!, "lock.ts"));
    await writeFile(
      script,
      `import { isLocked, lock } from "${module}";
       import { readFileSync, writeFileSync } from "node:fs";
       import process from "node:process";
       const path = ${JSON.stringify(path)};
       const signal = new AbortController().signal;
       ${body}`,
    );
    const run = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-config"];
    const child = spawn(process.execPath, [...run, script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    return child;
  }

  async function holdElsewhere(): Promise<ChildProcess> {
    const holder = await otherProcess(
      `await lock(path, signal); console.log("held"); setInterval(() => {}, 1000);`,
    );
    await once(holder.stdout!, "data");
    return holder;
  }

  test("shuts this process out while another holds it, and kill -9 of the holder frees it", async () => {
    const holder = await holdElsewhere();
    assert.equal(tryLock(path), undefined);
    const waiting = lock(path, forever);
    const exit = once(holder, "exit");
    holder.kill("SIGKILL");
    await exit;
    (await waiting).release();
  });

  test("never lets two processes in at once", async () => {
    const counter = join(folder, "counter");
    await writeFile(counter, "0");
    const rounds = 100;
    const increment = `
      for (let round = 0; round < ${rounds}; round++) {
        const mine = await lock(path, signal);
        const seen = Number(readFileSync(${JSON.stringify(counter)}, "utf8"));
        await new Promise((resolve) => setTimeout(resolve, 0));
        writeFileSync(${JSON.stringify(counter)}, String(seen + 1));
        mine.release();
      }`;
    const both = await Promise.all([otherProcess(increment), otherProcess(increment)]);
    for (const [code] of await Promise.all(both.map((child) => once(child, "exit")))) {
      assert.equal(code, 0);
    }
    assert.equal(await readFile(counter, "utf8"), String(2 * rounds));
  });

  test("never lets two callers in at once, and serves them in order", async () => {
    const order: number[] = [];
    let inside = 0;
    await Promise.all(Array.from({ length: 20 }, async (_, caller) => {
      const mine = await lock(path, forever);
      assert.equal(++inside, 1);
      assert.equal(tryLock(path), undefined);
      await new Promise((resolve) => setTimeout(resolve, 1));
      order.push(caller);
      inside--;
      mine.release();
      mine.release();
    }));
    assert.deepEqual(order, Array.from({ length: 20 }, (_, caller) => caller));
  });

  test("who gives up waiting holds up no one", async () => {
    const first = await lock(path, forever);
    const impatient = new AbortController();
    const second = lock(path, impatient.signal);
    const third = lock(path, forever);
    impatient.abort(new Error("enough"));
    await assert.rejects(second, /enough/);
    first.release();
    (await third).release();
    await assert.rejects(lock(path, AbortSignal.abort(new Error("too late"))), /too late/);
  });

  test("who gives up waiting for another process gets the signal's reason", async () => {
    const holder = await holdElsewhere();
    const impatient = new AbortController();
    const waiting = lock(path, impatient.signal);
    impatient.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    const exit = once(holder, "exit");
    holder.kill("SIGKILL");
    await exit;
    (await lock(path, forever)).release();
  });

  test("who looks sees the one who holds it, in this process and in others", async () => {
    assert.equal(isLocked(path), false);
    const mine = tryLock(path)!;
    assert.equal(isLocked(path), true);
    assert.equal(tryLock(path), undefined, "looking has not let go of it");
    mine.release();
    assert.equal(isLocked(path), false);
    const holder = await holdElsewhere();
    assert.equal(isLocked(path), true);
    const exit = once(holder, "exit");
    holder.kill("SIGKILL");
    await exit;
    assert.equal(isLocked(path), false);
  });

  test("those who look never take one another for a holder, nor keep one out for long", async () => {
    tryLock(path)!.release();
    const look = `
      let seen = 0;
      for (let left = 3000; left > 0; left--) if (isLocked(path)) seen++;
      process.exitCode = seen === 0 ? 0 : 9;`;
    const lookers = await Promise.all([otherProcess(look), otherProcess(look)]);
    for (const [code] of await Promise.all(lookers.map((child) => once(child, "exit")))) {
      assert.equal(code, 0);
    }
    const endless = await otherProcess(`console.log("on"); for (;;) isLocked(path);`);
    await once(endless.stdout!, "data");
    (await lock(path, forever)).release();
  });

  test("a held lock outlives the collector", () => {
    tryLock(path);
    for (let round = 0; round < 50; round++) new Array(100_000).fill(round);
    (globalThis as { gc?(): void }).gc?.();
    assert.equal(tryLock(path), undefined);
  });

  test("the file is the owner's alone", async () => {
    const mine = tryLock(path);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    mine?.release();
  });

  test("a place without locks is a data home that can't be used", async () => {
    await writeFile(join(folder, "file"), "");
    for (const place of [join(folder, "none", "lock"), join(folder, "file", "lock"), folder]) {
      assert.throws(() => tryLock(place), (error) => isAppError(error, "data-home-unusable"));
    }
  });
});
