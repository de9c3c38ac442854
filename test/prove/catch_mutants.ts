import * as fs from "node:fs";
import { copyProduct } from "./copy.ts";
import { mutants } from "./mutants.ts";
import { simulate } from "./simulate.ts";

/** What became of one deliberate defect. */
export interface Verdict {
  name: string;
  /** What the judge said of it first; undefined: nothing, it was missed. */
  why: string | undefined;
  /** How many histories that took. */
  histories: number;
}

/** A defect that is not seen in so many histories is missed; the slowest machine has the time. */
const most = 600;
const limitMs = 600_000;

/** Has each deliberate defect simulated until the judge objects; `tell` is told of each. */
export async function catchMutants(
  tell: (verdict: Verdict) => void = () => {},
  atOnce = 2,
): Promise<Verdict[]> {
  const waiting = [...mutants];
  const verdicts: Verdict[] = [];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const folder = copyProduct([mutant]);
      try {
        const { broken, histories } = await simulate(folder, {
          ...{ first: mutant.first ?? 1, count: most, limitMs, mode: "stop" },
          only: mutant.only,
        });
        const why = broken[0]?.violations[0]?.why;
        const verdict = { name: mutant.name, why, histories };
        verdicts.push(verdict);
        tell(verdict);
      } finally {
        fs.rmSync(folder, { recursive: true, force: true });
      }
    }
  }));
  return verdicts;
}
