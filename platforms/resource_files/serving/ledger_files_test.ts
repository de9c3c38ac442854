import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import type { Ledger, Redemption } from "../../../src/grant_service/ledger/ledger.ts";
import { LedgerFiles } from "./ledger_files.ts";

const grantUid = "0f3b4a52-8f0c-4a8e-9d8f-2a1f6a1f0e11";

function emptyLedger(): Ledger {
  return { grantUid, grantName: "west-6bfn6", counted: 0, redemptions: [] };
}

function redemption(number: number, fields: Partial<Redemption> = {}): Redemption {
  return {
    name: `east-${number}`,
    subject: "east",
    serial: number.toString(16),
    at: "2026-01-01T00:00:00Z",
    ...fields,
  };
}

function isDamaged(error: unknown): boolean {
  return isAppError(error, "ledger-damaged");
}

async function withStore(use: (store: LedgerFiles, path: string, folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "ledgers-"));
  try {
    const ledgers = join(folder, "ledgers");
    const store = new LedgerFiles("west", () => Promise.resolve(ledgers));
    await use(store, join(ledgers, `${grantUid}.jsonl`), ledgers);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function again(folder: string): LedgerFiles {
  return new LedgerFiles("west", () => Promise.resolve(folder));
}

test("LedgerFiles gives back what was written, to itself and to the next process", () =>
  withStore(async (store, path, folder) => {
    assert.equal(await store.read(grantUid), undefined);
    const ledger = emptyLedger();
    let version = await store.write(ledger, undefined);
    ledger.redemptions.push(redemption(0, { answer: "a\nb", keyHash: "k" }), redemption(1));
    version = await store.write(ledger, version);
    ledger.redemptions[0] = { ...ledger.redemptions[0]!, delivered: true };
    ledger.expiresAt = "2026-01-01T01:00:00Z";
    version = await store.write(ledger, version);
    for (const reader of [store, again(folder)]) {
      assert.deepEqual(await reader.read(grantUid), { ledger, version });
      assert.deepEqual(await reader.list(), [grantUid]);
    }
    const { mode } = await stat(path);
    if (process.platform !== "win32") assert.equal(mode & 0o777, 0o600);
  }));

test("LedgerFiles refuses a write that names another version", () =>
  withStore(async (store, _path, folder) => {
    const version = await store.write(emptyLedger(), undefined);
    const other = again(folder);
    const newer = await other.write({ ...emptyLedger(), redemptions: [redemption(0)] }, version);
    for (const stale of [version, undefined, "7"]) {
      await assert.rejects(store.write(emptyLedger(), stale), (e) => isAppError(e, "conflict"));
    }
    assert.equal((await store.read(grantUid))?.version, newer);
    await store.remove(grantUid);
    await assert.rejects(store.write(emptyLedger(), newer), (e) => isAppError(e, "conflict"));
    assert.equal(await store.read(grantUid), undefined);
    await store.remove(grantUid);
  }));

test("LedgerFiles lets one of many writers at a time succeed", () =>
  withStore(async (store) => {
    await store.write(emptyLedger(), undefined);
    await Promise.all(Array.from({ length: 20 }, async (_, number) => {
      for (;;) {
        const { ledger, version } = (await store.read(grantUid))!;
        ledger.redemptions.push(redemption(number));
        try {
          return await store.write(ledger, version);
        } catch (error) {
          if (!isAppError(error, "conflict")) throw error;
        }
      }
    }));
    const { ledger } = (await store.read(grantUid))!;
    assert.deepEqual(
      ledger.redemptions.map(({ name }) => name).toSorted(),
      Array.from({ length: 20 }, (_, number) => `east-${number}`).toSorted(),
    );
  }));

test("LedgerFiles keeps nothing of an answer that was erased", () =>
  withStore(async (store, path, folder) => {
    const ledger = emptyLedger();
    ledger.redemptions.push(redemption(0, { answer: "the private key" }), redemption(1));
    let version = await store.write(ledger, undefined);
    ledger.redemptions.push(redemption(2, { answer: "another private key" }));
    version = await store.write(ledger, version);
    assert.match(await readFile(path, "utf8"), /private key/);
    ledger.redemptions = ledger.redemptions.map(({ answer: _, ...rest }) => rest);
    version = await store.write(ledger, version);
    assert.doesNotMatch(await readFile(path, "utf8"), /private key/);
    assert.deepEqual(await again(folder).read(grantUid), { ledger, version });
  }));

test("LedgerFiles forgets a write that a crash cut short, and goes on after it", () =>
  withStore(async (store, path, folder) => {
    const ledger = emptyLedger();
    let version = await store.write(ledger, undefined);
    ledger.redemptions.push(redemption(0));
    version = await store.write(ledger, version);
    const before = structuredClone(ledger);
    const sizeBefore = (await stat(path)).size;
    ledger.redemptions.push(redemption(1));
    await store.write(ledger, version);
    const whole = await readFile(path);
    for (let cut = sizeBefore; cut < whole.length; cut++) {
      await writeFile(path, whole.subarray(0, cut));
      assert.deepEqual(await again(folder).read(grantUid), { ledger: before, version });
    }
    await writeFile(path, whole);
    await truncate(path, whole.length - 5);
    const next = again(folder);
    const newer = await next.write(ledger, (await next.read(grantUid))!.version);
    assert.deepEqual(await again(folder).read(grantUid), { ledger, version: newer });
  }));

test("LedgerFiles forgets a last line that a power cut left unreadable", () =>
  withStore(async (store, path, folder) => {
    const version = await store.write(emptyLedger(), undefined);
    await appendFile(path, "\0\0\0\0\n");
    assert.deepEqual(await again(folder).read(grantUid), { ledger: emptyLedger(), version });
  }));

test("LedgerFiles refuses a ledger that is damaged elsewhere", () =>
  withStore(async (store, path, folder) => {
    const ledger = emptyLedger();
    const version = await store.write(ledger, undefined);
    await store.write({ ...ledger, redemptions: [redemption(0)] }, version);
    const text = await readFile(path, "utf8");
    for (const broken of ["", "\n", `x${text}`, text.replace("}\n", "\n")]) {
      await writeFile(path, broken);
      await assert.rejects(again(folder).read(grantUid), isDamaged);
    }
  }));

test("LedgerFiles tells a damaged byte, anywhere, from a write that was cut short", () =>
  withStore(async (store, path, folder) => {
    let version = await store.write({ ...emptyLedger(), redemptions: [redemption(0)] }, undefined);
    const redemptions = [redemption(0), redemption(1)];
    version = await store.write({ ...emptyLedger(), redemptions }, version);
    const whole = await readFile(path);
    for (let place = 0; place < whole.length; place++) {
      for (const change of [0, whole[place]! ^ 1]) {
        const damaged = Uint8Array.from(whole);
        damaged[place] = change;
        await writeFile(path, damaged);
        const reading = again(folder).read(grantUid);
        // a line break says nothing: what it ends counts all the same
        if (whole[place] === 10) assert.equal((await reading)!.ledger.redemptions.length, 2);
        else await assert.rejects(reading, isDamaged, `byte ${place}`);
      }
    }
  }));

test("LedgerFiles tells lines that are missing, or of another time, from those that were written", () =>
  withStore(async (store, path, folder) => {
    let version = await store.write(emptyLedger(), undefined);
    for (let count = 1; count <= 3; count++) {
      const redemptions = Array.from({ length: count }, (_, number) => redemption(number));
      version = await store.write({ ...emptyLedger(), redemptions }, version);
    }
    const [first, second, third, fourth] = (await readFile(path, "utf8")).split(/(?<=\n)/);
    for (
      const lines of [
        [first, third, fourth],
        [second, third, fourth],
        [first, second, second],
        [first, third, second, fourth],
        [first, '{"version":2}\n'],
      ]
    ) {
      await writeFile(path, lines.join(""));
      await assert.rejects(again(folder).read(grantUid), isDamaged);
    }
  }));

test("LedgerFiles reads what an older version wrote, and goes on with checksums", () =>
  withStore(async (_store, path, folder) => {
    await mkdir(folder, { recursive: true });
    const { redemptions: _, ...header } = emptyLedger();
    const old = [
      { version: 4, header },
      { version: 4, redemptions: [[0, redemption(0)]] },
      { version: 5, redemptions: [[0, { delivered: true }], [1, redemption(1)]] },
    ].map((record) => `${JSON.stringify(record)}\n`).join("");
    await writeFile(path, `${old}{"version":6,"redem`);
    const redemptions = [redemption(0, { delivered: true }), redemption(1)];
    const store = again(folder);
    const read = (await store.read(grantUid))!;
    assert.deepEqual(read, { ledger: { ...emptyLedger(), redemptions }, version: "5" });
    redemptions.push(redemption(2));
    await store.write({ ...emptyLedger(), redemptions }, read.version);
    for (const line of (await readFile(path, "utf8")).trimEnd().split("\n")) {
      assert.match(line, /^1 \d+ [0-9a-f]{16} \{/);
    }
    assert.deepEqual((await again(folder).read(grantUid))!.ledger.redemptions, redemptions);
    await writeFile(path, `${old.slice(0, -3)}\n`);
    await assert.rejects(again(folder).read(grantUid), isDamaged);
  }));

test("LedgerFiles keeps ledgers in its folder whatever the uid says", () =>
  withStore(async (store, _path, folder) => {
    const uid = "../../escaped";
    await store.write({ ...emptyLedger(), grantUid: uid }, undefined);
    assert.deepEqual(await store.list(), [uid]);
    assert.equal((await store.read(uid))?.ledger.grantUid, uid);
    await assert.rejects(stat(join(folder, "../../escaped.jsonl")));
  }));

test("LedgerFiles of a namespace without a site are none, and can't be written", async () => {
  const store = new LedgerFiles("west", () => Promise.resolve(undefined));
  assert.equal(await store.read(grantUid), undefined);
  assert.deepEqual(await store.list(), []);
  await store.remove(grantUid);
  await assert.rejects(
    store.write(emptyLedger(), undefined),
    (e) => isAppError(e, "site-missing"),
  );
});

const mountable = process.platform === "linux" && process.getuid?.() === 0;

test(
  "LedgerFiles count nothing that a full disk could not take",
  { skip: mountable ? false : "needs root, to mount a small file system" },
  () =>
    withStore(async (store, path, folder) => {
      await mkdir(folder);
      run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
      try {
        const ledger = emptyLedger();
        let version = await store.write(ledger, undefined);
        await writeFile(join(folder, "filler"), Buffer.alloc(48 * 1024));
        for (const erase of [false, true]) {
          const fuller = structuredClone(ledger);
          for (let number = 0; number < 200; number++) {
            fuller.redemptions[number] = redemption(number, { answer: "a".repeat(200) });
          }
          if (erase) fuller.redemptions[0]!.answer = "";
          await assert.rejects(store.write(fuller, version), (e) => isAppError(e, "not-writable"));
          for (const reader of [store, new LedgerFiles("west", () => Promise.resolve(folder))]) {
            assert.deepEqual(await reader.read(grantUid), { ledger, version });
          }
          ledger.redemptions.push(redemption(ledger.redemptions.length, { answer: "key" }));
          version = await store.write(ledger, version);
        }
        assert.deepEqual((await readdir(folder)).toSorted(), [basename(path), "filler"]);
      } finally {
        run("umount", ["-l", folder]);
      }
    }),
);

function run(program: string, options: string[]): void {
  const { status, stderr } = spawnSync(program, options, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}
