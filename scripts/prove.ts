import * as fs from "node:fs";
import * as os from "node:os";
import process from "node:process";
import { catchMutants } from "../test/prove/catch_mutants.ts";
import { copyProduct } from "../test/prove/copy.ts";
import { shrink } from "../test/prove/shrink.ts";
import { type Findings, simulate } from "../test/prove/simulate.ts";

/**
 * Searches for histories that break the promise, and shows that the judge would see one:
 *
 *     deno task prove                  100,000 histories at least, for two hours at most
 *     deno task prove --short          two minutes
 *     deno task prove --histories N    as many, from --first on
 *     deno task prove --seed N         one history, all that happens in it, and its fewest faults
 */
const kinds = ["burned", "double-spent", "stuck", "wrongly refused"];
/** Histories between two lines of progress. */
const chunk = 2000;

function option(name: string): number | undefined {
  const place = process.argv.indexOf(name);
  if (place === -1) return undefined;
  const value = Number(process.argv[place + 1]);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} takes a number`);
  return value;
}

/** Simulates that many histories, on all cores; prints figures as it goes. */
async function search(folder: string, first: number, count: number, limitMs: number) {
  const began = performance.now();
  const cores = Math.max(1, os.availableParallelism());
  const found: Findings[] = [];
  let next = first;
  await Promise.all(Array.from({ length: cores }, async () => {
    while (next < first + count) {
      const leftMs = limitMs - (performance.now() - began);
      if (leftMs <= 0) return;
      const mine = next;
      next += chunk;
      const many = Math.min(chunk, first + count - mine);
      found.push(await simulate(folder, { first: mine, count: many, limitMs: leftMs }));
    }
  }));
  const sum = (of: (one: Findings) => number) => found.reduce((total, one) => total + of(one), 0);
  const faults: Record<string, number> = {};
  for (const one of found) {
    for (const [fault, times] of Object.entries(one.faults)) {
      faults[fault] = (faults[fault] ?? 0) + times;
    }
  }
  const injected = Object.values(faults).reduce((total, times) => total + times, 0);
  const tookMs = performance.now() - began;
  console.log(
    `${sum(({ histories }) => histories)} histories in ${Math.round(tookMs / 1000)} s, ` +
      `${sum(({ happenings }) => happenings)} events, ${injected} faults injected`,
  );
  for (const [fault, times] of Object.entries(faults).sort(([a], [b]) => a < b ? -1 : 1)) {
    console.log(`  ${fault}: ${times}`);
  }
  console.log(kinds.map((kind) => `${sum((one) => one.kinds[kind] ?? 0)} ${kind}`).join(", "));
  return found.flatMap(({ broken }) => broken);
}

/** Prints the history of a seed, and the fewest faults with which it fails. */
async function replay(folder: string, seed: number): Promise<boolean> {
  const { broken } = await simulate(folder, {
    first: seed,
    count: 1,
    limitMs: 60_000,
    mode: "print",
  });
  if (broken.length === 0) {
    console.log(`seed ${seed}: allowed by the model`);
    return true;
  }
  const { left, violations } = await shrink(folder, seed);
  console.log(`seed ${seed}: ${violations.map(({ kind, why }) => `${kind}: ${why}`).join("; ")}`);
  console.log(`with these faults alone:\n${left.map((place) => `  ${place}`).join("\n")}`);
  return false;
}

async function main(): Promise<void> {
  const isShort = process.argv.includes("--short");
  const seed = option("--seed");
  const folder = copyProduct();
  try {
    if (seed !== undefined) {
      if (!await replay(folder, seed)) process.exitCode = 1;
      return;
    }
    const count = option("--histories") ?? (isShort ? 100_000 : 120_000);
    const first = option("--first") ?? 1;
    const broken = await search(folder, first, count, isShort ? 45_000 : 7_200_000);
    for (const one of broken.slice(0, 5)) await replay(folder, one.seed);
    const verdicts = await catchMutants(60_000);
    const missed = verdicts.filter(({ why }) => why === undefined);
    for (const { name, why, histories } of verdicts) {
      console.log(`  ${name}: ${why ?? "MISSED"} (after ${histories})`);
    }
    console.log(`${verdicts.length - missed.length} of ${verdicts.length} caught`);
    if (broken.length + missed.length > 0) process.exitCode = 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
