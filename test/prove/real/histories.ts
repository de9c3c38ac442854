import type { Happening } from "../history.ts";
import type { Violation } from "../judge.ts";
import { type Between, startRelay } from "../../fakes/relay.ts";
import type { Ground } from "./ground.ts";
import { Life } from "./life.ts";

/** What came of many histories. */
export interface RealOutcome {
  histories: number;
  requests: number;
  faults: Record<string, number>;
  broken: { name: string; violations: Violation[] }[];
}

/** How many histories are made, how many of them at once, and for how long. */
export interface RealOrder {
  count: number;
  atOnce: number;
  limitMs: number;
}

/** Proxies on the way, by what they do to the answer. */
const proxies: Record<string, Between> = {
  "proxy cuts the answer, and ends": { after: "fin", cutsAnswerAt: 0 },
  "proxy cuts the answer late, and ends": { after: "fin", cutsAnswerAt: 700 },
  "proxy resets": { after: "reset", cutsAnswerAt: 0 },
  "proxy spoils the answer": { after: "fin", spoilsAnswer: true },
};

/**
 * Has that many tokens live on the ground, some at once: each is issued, redeemed by several
 * clients of all kinds through proxies that cut, and judged.
 */
export async function runRealHistories(
  ground: Ground,
  { count, atOnce, limitMs }: RealOrder,
  progress: (done: number) => void,
): Promise<RealOutcome> {
  const outcome: RealOutcome = { histories: 0, requests: 0, faults: {}, broken: [] };
  const note = (what: string) => outcome.faults[what] = (outcome.faults[what] ?? 0) + 1;
  const pick = <T>(from: readonly T[]) => from[Math.floor(Math.random() * from.length)]!;
  const port = () => pick(ground.ports());
  const passing = await startRelay(port, () => ({ after: "pass" }));
  const cut = (): Between => {
    const [name, between] = pick(Object.entries(proxies));
    note(name);
    return between;
  };
  const cutting = await startRelay(port, cut);
  const mixed = await startRelay(port, () => Math.random() < 0.3 ? cut() : { after: "pass" });
  const shared: Happening[] = [];
  const began = performance.now();
  let isOver = false;
  let next = 0;
  const troubled = ground.trouble(() => isOver, (what) => {
    note(what);
    shared.push({ at: Date.now(), what: "started", grant: "" });
  });
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < count && performance.now() - began < limitMs) {
      const name = `real-${++next}`;
      const from = shared.length;
      const life = new Life(ground, name, { passing, cutting, mixed }, note);
      const violations = await life.live(() => shared.slice(from));
      outcome.histories++;
      outcome.requests += life.requests;
      if (violations.length > 0) outcome.broken.push({ name, violations });
      progress(outcome.histories);
    }
  }));
  isOver = true;
  await troubled;
  await Promise.all([passing, cutting, mixed].map((relay) => relay.stop()));
  return outcome;
}
