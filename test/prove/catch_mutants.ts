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

/** Has each deliberate defect simulated until the judge objects, for at most `limitMs` each. */
export async function catchMutants(limitMs: number, atOnce = 2): Promise<Verdict[]> {
  const waiting = [...mutants];
  const verdicts: Verdict[] = [];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const folder = copyProduct([mutant]);
      try {
        const { broken, histories } = await simulate(folder, {
          ...{ first: mutant.first ?? 1, count: 10_000, limitMs, mode: "stop" },
          only: mutant.only,
        });
        verdicts.push({ name: mutant.name, why: broken[0]?.violations[0]?.why, histories });
      } finally {
        fs.rmSync(folder, { recursive: true, force: true });
      }
    }
  }));
  return verdicts;
}
