import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AuditChain,
  auditTo,
  firstPrevious,
  hashOf,
  judgeChains,
  parseRecord,
} from "./audit_chain.ts";

const time = "2026-11-22T12:00:00.000Z";

function chain(length: number): string[] {
  const made = new AuditChain();
  return Array.from({ length }, (_, i) => made.append({ event: "redeemed", uid: `u${i}` }, time));
}

test("a chain is whole as it was written, and goes on from its head", async () => {
  const lines = chain(4);
  const verdict = await judgeChains(lines, true);
  const head = { seq: 4, hash: hashOf(lines[3]!) };
  assert.deepEqual(verdict, { records: 4, chains: 1, first: 1, head, faults: [] });
  lines.push(new AuditChain(head).append({ event: "revoked", uid: "u" }, time));
  assert.deepEqual((await judgeChains(lines, true)).faults, []);
});

for (
  const [what, change, line, why] of [
    [
      "changed",
      (lines: string[]) => lines.splice(1, 1, lines[1]!.replace("u1", "u9")),
      3,
      /2 befo/,
    ],
    ["taken out", (lines: string[]) => lines.splice(1, 1), 2, /record 3 follows on record 1/],
    [
      "added",
      (lines: string[]) => lines.splice(2, 0, lines[1]!),
      3,
      /record 2 follows on record 2/,
    ],
    ["exchanged", (lines: string[]) => lines.splice(1, 2, lines[2]!, lines[1]!), 2, /3 follows on/],
    [
      "put before the first",
      (lines: string[]) => lines.splice(0, 2, lines[1]!, lines[0]!),
      2,
      /record 1 follows on record 2/,
    ],
    ["made no record", (lines: string[]) => lines.splice(1, 1, "x"), 2, /it is not a record/],
  ] as const
) {
  test(`a record that was ${what} is found`, async () => {
    const lines = chain(4);
    change(lines);
    const [first] = (await judgeChains(lines, true)).faults;
    assert.equal(first?.line, line);
    assert.match(first!.why, why);
  });
}

test("records are found among a log's other lines; each start of a controller begins a chain", async () => {
  const other = ['{"time":"x","event":"listening"}', "", "panic: no JSON", "null", "7"];
  const lines = [...other, ...chain(2), ...other, ...chain(3)];
  const { records, chains, faults } = await judgeChains(lines, false);
  assert.deepEqual({ records, chains, faults }, { records: 5, chains: 2, faults: [] });
});

test("a line of a log that is cut off is found", async () => {
  const [first, second] = chain(2);
  for (const cut of [second!.slice(0, -20), '{"time":"x","eve']) {
    const { faults } = await judgeChains([first!, cut], false);
    assert.deepEqual(faults, [{ line: 2, why: "it is cut off" }]);
  }
});

test("a chain whose beginning is elsewhere is whole as far as it is at hand", async () => {
  const verdict = await judgeChains(chain(5).slice(2), true);
  assert.deepEqual([verdict.first, verdict.records, verdict.faults], [3, 3, []]);
});

test("parseRecord() takes records alone", () => {
  const [line] = chain(1);
  assert.equal(parseRecord(line!)?.seq, 1);
  for (
    const text of ["", "{", "[]", '{"event":"listening"}', line!.replace('"seq":1', '"seq":"1"')]
  ) {
    assert.equal(parseRecord(text), undefined);
  }
});

test("auditTo() gives one line of JSON per event, with its time first", () => {
  const lines: string[] = [];
  const audit = auditTo((line) => lines.push(line), () => Date.parse("2026-11-22T12:00:00Z"));
  audit({ event: "refused", uid: "line\nbreak", reason: "expired" });
  assert.deepEqual(lines, [
    `{"time":"2026-11-22T12:00:00.000Z","event":"refused","uid":"line\\nbreak","reason":"expired","seq":1,"previous":"${firstPrevious}"}`,
  ]);
});
