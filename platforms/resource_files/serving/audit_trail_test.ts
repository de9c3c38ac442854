import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AuditChain, judgeChains } from "../../../src/grant_service/audit_chain.ts";
import { auditLines, AuditTrail } from "./audit_trail.ts";

function placeTrail(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), "hawser-audit-"));
  t.after(() => rmSync(parent, { recursive: true }));
  return join(parent, "audit");
}

function unexpected(error: unknown): never {
  throw error;
}

/** Appends so many records in one run of a controller. */
function record(folder: string, count: number, longest?: number): void {
  const trail = new AuditTrail(folder, unexpected, longest);
  const chain = new AuditChain(trail.head);
  for (let n = 0; n < count; n++) {
    trail.write(
      chain.append({ event: "redeemed", uid: "u" }, "2026-11-22T12:00:00.000Z"),
      chain.seq,
    );
  }
  trail.close();
}

async function judge(folder: string) {
  const { records, chains, faults } = await judgeChains(auditLines(folder), true);
  return { records, chains, faults };
}

const whole = (records: number) => ({ records, chains: 1, faults: [] });

test("a trail goes on from run to run, and from file to file, as one chain", async (t) => {
  const folder = placeTrail(t);
  assert.deepEqual(await judge(folder), { records: 0, chains: 0, faults: [] });
  record(folder, 3);
  record(folder, 2);
  assert.deepEqual(await judge(folder), whole(5));
  record(folder, 20, 1000);
  const names = readdirSync(folder).sort();
  assert.ok(names.length > 3 && names.includes("current.jsonl"), String(names));
  assert.deepEqual(await judge(folder), whole(25));
  rmSync(join(folder, "current.jsonl")); // as a crash between two files leaves it
  const before = await judge(folder);
  record(folder, 1);
  assert.deepEqual(await judge(folder), whole(before.records + 1));
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, "current.jsonl")).mode & 0o777, 0o600);
});

test("a record that a crash cut off is taken away, and the chain is whole", async (t) => {
  const folder = placeTrail(t);
  record(folder, 3);
  const file = join(folder, "current.jsonl");
  appendFileSync(file, readFileSync(file, "utf8").slice(0, 50));
  record(folder, 2);
  assert.deepEqual(await judge(folder), whole(5));
});

test("a last line that was damaged does not go unnoticed, nor keep records from being written", async (t) => {
  const folder = placeTrail(t);
  record(folder, 3);
  appendFileSync(join(folder, "current.jsonl"), "damaged\n");
  record(folder, 2);
  const { records, faults } = await judge(folder);
  assert.equal(records, 5);
  assert.deepEqual(faults.map(({ line }) => line), [4, 5]);
});

test("records that find no room are written as soon as there is some", async (t) => {
  const folder = placeTrail(t);
  const problems: unknown[] = [];
  const trail = new AuditTrail(folder, (error) => problems.push(error));
  const chain = new AuditChain(trail.head);
  const write = () =>
    trail.write(chain.append({ event: "issued" }, "2026-11-22T12:00:00.000Z"), chain.seq);
  write();
  const full = t.mock.method(trail, "put", () => {
    throw Object.assign(new Error("no space"), { code: "ENOSPC" });
  });
  write();
  write();
  full.mock.restore();
  write();
  trail.close();
  assert.equal(problems.length, 1);
  assert.deepEqual(await judge(folder), whole(4));
});
