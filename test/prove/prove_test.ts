import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { catchMutants } from "./catch_mutants.ts";
import { copyProduct } from "./copy.ts";
import { mutants } from "./mutants.ts";
import { simulate } from "./simulate.ts";

test("simulated histories burn no use, give none twice, and leave nobody waiting", async () => {
  const folder = copyProduct();
  try {
    const order = { count: 5000, limitMs: 30_000 };
    const runs = await Promise.all(
      [1, 100_001].map((first) => simulate(folder, { ...order, first })),
    );
    for (const { histories, broken } of runs) {
      assert.ok(histories > 0);
      const seeds = broken.map(({ seed, violations }) => `${seed}: ${violations[0]?.why}`);
      assert.deepEqual(seeds, [], "run them again: deno task prove --seed N");
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

test("a seed gives the same history each time", async () => {
  const folder = copyProduct();
  try {
    const order = { first: 7, count: 40, limitMs: 600_000 };
    const [one, other] = await Promise.all([simulate(folder, order), simulate(folder, order)]);
    const { tookMs: _one, ...first } = one!;
    const { tookMs: _other, ...second } = other!;
    assert.equal(first.histories, 40);
    assert.deepEqual(first, second);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

test("the judge catches every deliberate defect", async () => {
  const verdicts = await catchMutants();
  assert.equal(verdicts.length, mutants.length);
  assert.ok(mutants.length >= 20);
  assert.deepEqual(verdicts.filter(({ why }) => why === undefined), []);
});
