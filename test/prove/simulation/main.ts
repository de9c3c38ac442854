import process from "node:process";
import { replaceGlobals } from "./globals.ts";
import { runControllers } from "./run_controllers.ts";
import { runHistory } from "./run_history.ts";
import { runRedeemers } from "./run_redeemers.ts";

/**
 * Simulates the histories of the seeds from `first` on until there are `count`, or the time is
 * over; with
 * `stop`, until one breaks the promise. Prints one line of JSON: what it found.
 */
const [first = "1", count = "100", limitMs = "60000", only = "", mode = "all", ...leftOut] = process
  .argv.slice(2);
const realNow = Date.now.bind(Date);
const began = realNow();
const turn = globalThis.setImmediate;
replaceGlobals();

/** Kinds of history, by the names that an order has for them. */
const runs: Record<string, typeof runRedeemers> = {
  "services": runHistory,
  "controllers": runControllers,
  "redeemers": runRedeemers,
};

/** One of twenty is of whole controllers, which take longer, two are of redeemers on files. */
function kindOf(seed: number): string {
  if (seed % 20 === 0) return "controllers";
  return seed % 10 === 3 ? "redeemers" : "services";
}

const faults: Record<string, number> = {};
const kinds: Record<string, number> = {};
const broken: unknown[] = [];
let histories = 0;
let happenings = 0;
let digest = 0;
for (let seed = Number(first); histories < Number(count); seed++) {
  if (realNow() - began > Number(limitMs)) break;
  const run = runs[only || kindOf(seed)]!;
  const outcome = await run(seed, new Set(leftOut));
  histories++;
  happenings += outcome.happenings.length;
  digest = Math.imul(digest ^ outcome.digest, 0x01000193) >>> 0;
  for (const { fault } of outcome.faults) faults[fault] = (faults[fault] ?? 0) + 1;
  if (outcome.violations.length > 0) {
    kinds[outcome.violations[0]!.kind] = (kinds[outcome.violations[0]!.kind] ?? 0) + 1;
    if (broken.length < 20) {
      const { violations } = outcome;
      const places = outcome.faults.map(({ place, fault }) => `${fault} at ${place}`);
      broken.push({ seed, violations, places });
    }
    if (mode === "stop") break;
  }
  if (mode === "print") {
    for (const one of outcome.happenings) console.error(JSON.stringify(one).slice(0, 240));
  }
}
const tookMs = realNow() - began;
console.log(JSON.stringify({ histories, happenings, tookMs, digest, faults, kinds, broken }));
await new Promise<void>((resolve) => turn(() => resolve()));
process.exit(0);
