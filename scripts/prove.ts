import * as fs from "node:fs";
import * as os from "node:os";
import process from "node:process";
import { catchMutants } from "../test/prove/catch_mutants.ts";
import { copyProduct } from "../test/prove/copy.ts";
import { say, writeFigures } from "../test/prove/figures.ts";
import { shrink } from "../test/prove/shrink.ts";
import { type Findings, simulate } from "../test/prove/simulate.ts";
import { hasOption, numberOption } from "./prove/options.ts";
import { makeRealHistories, redeemBesideHostileOnes, runCrowds } from "./prove/real.ts";

/**
 * Searches for histories that break the promise, and shows that the judge would see one:
 *
 *     deno task prove                  100,000 histories at least, for two hours at most
 *     deno task prove --short          two minutes
 *     deno task prove --write          what came of it goes into docs/guarantees.md
 *     deno task prove --minutes M      as long at most
 *     deno task prove --histories N    as many, from --first on
 *     deno task prove --workers N      in so many processes; one for each core by default
 *     deno task prove --mutants        the deliberate defects alone
 *     deno task prove --crowds N       so many rounds of a thousand clients at the executable
 *     deno task prove --cluster-crowds N   the same at three replicas, on a Kubernetes API server
 *     deno task prove --real N         so many tokens' lives at the executable, on files
 *     deno task prove --cluster N      the same with three replicas at a Kubernetes API server
 *     … --built                        with the executable that is in dist already
 *     deno task prove --hostile        clients with the code while others do their worst
 *     deno task prove --seed N         one history, all that happens in it, and its fewest faults
 */
const kinds = ["burned", "double-spent", "stuck", "wrongly refused"];
/** Histories between two lines of progress. */
const chunk = 2000;

/** Simulates that many histories, on all cores; prints figures as it goes. */
async function search(folder: string, first: number, count: number, limitMs: number) {
  const began = performance.now();
  const workers = numberOption("--workers") ?? Math.max(1, os.availableParallelism());
  const found: Findings[] = [];
  const sum = (of: (one: Findings) => number) => found.reduce((total, one) => total + of(one), 0);
  const seconds = () => Math.round((performance.now() - began) / 1000);
  let next = first;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (next < first + count) {
      const leftMs = limitMs - (performance.now() - began);
      if (leftMs <= 0) return;
      const mine = next;
      next += chunk;
      const many = Math.min(chunk, first + count - mine);
      found.push(await simulate(folder, { first: mine, count: many, limitMs: leftMs }));
      console.log(`  ${seconds()} s: ${say(sum(({ histories }) => histories))} histories`);
    }
  }));
  const faults: Record<string, number> = {};
  for (const one of found) {
    for (const [fault, times] of Object.entries(one.faults)) {
      faults[fault] = (faults[fault] ?? 0) + times;
    }
  }
  const injected = Object.values(faults).reduce((total, times) => total + times, 0);
  const happened = `${say(sum(({ histories }) => histories))} histories, ` +
    `${say(sum(({ happenings }) => happenings))} events, ${say(injected)} faults injected`;
  console.log(`${happened} in ${seconds()} s`);
  for (const [fault, times] of Object.entries(faults).sort(([a], [b]) => a < b ? -1 : 1)) {
    console.log(`  ${fault}: ${times}`);
  }
  const judged = kinds.map((kind) => `${sum((one) => one.kinds[kind] ?? 0)} ${kind}`).join(", ");
  console.log(judged);
  if (hasOption("--write")) writeFigures("simulated", `${happened}: ${judged}.`);
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

/** What is recorded from real processes, as far as an option asks for it; true if all was right. */
async function runReal(): Promise<boolean | undefined> {
  if (hasOption("--hostile")) return await redeemBesideHostileOnes();
  const files = numberOption("--real");
  if (files !== undefined) return await makeRealHistories(files, "files");
  const cluster = numberOption("--cluster");
  if (cluster !== undefined) return await makeRealHistories(cluster, "cluster");
  const rounds = numberOption("--crowds");
  if (rounds !== undefined) return await runCrowds(rounds, "files");
  const clusterRounds = numberOption("--cluster-crowds");
  return clusterRounds === undefined ? undefined : await runCrowds(clusterRounds, "cluster");
}

/** Whether the judge catches every deliberate defect. */
async function judgeTheJudge(): Promise<boolean> {
  const verdicts = await catchMutants(({ name, why, histories }) => {
    console.log(`  ${name}: ${why ?? "MISSED"} (after ${histories})`);
  });
  const missed = verdicts.filter(({ why }) => why === undefined);
  const caught = `${verdicts.length - missed.length} of ${verdicts.length} caught`;
  console.log(caught);
  if (hasOption("--write")) writeFigures("deliberate defects", `${caught}.`);
  return missed.length === 0;
}

async function main(): Promise<void> {
  const real = await runReal();
  if (real !== undefined) {
    if (!real) process.exitCode = 1;
    return;
  }
  if (hasOption("--mutants")) {
    if (!await judgeTheJudge()) process.exitCode = 1;
    return;
  }
  const isShort = hasOption("--short");
  const seed = numberOption("--seed");
  const folder = copyProduct();
  try {
    if (seed !== undefined) {
      if (!await replay(folder, seed)) process.exitCode = 1;
      return;
    }
    const count = numberOption("--histories") ?? (isShort ? 100_000 : 120_000);
    const first = numberOption("--first") ?? 1;
    const limitMs = (numberOption("--minutes") ?? (isShort ? 0.75 : 120)) * 60_000;
    const broken = await search(folder, first, count, limitMs);
    for (const one of broken.slice(0, 5)) await replay(folder, one.seed);
    if (broken.length > 0) process.exitCode = 1;
    if (!await judgeTheJudge()) process.exitCode = 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
