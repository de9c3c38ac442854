import type { Happening } from "../history.ts";
import type { Violation } from "../judge.ts";
import { enter, type Fault, type Likelihood, World } from "./world.ts";

/** What one history came to. */
export interface Outcome {
  seed: number;
  digest: number;
  faults: { place: string; fault: Fault }[];
  happenings: Happening[];
  violations: Violation[];
}

/** The true time at which every history begins, in milliseconds since 1970. */
export const start = Date.parse("2026-11-22T12:00:00Z");

/** When faults end, and how long all may take to come to rest then, in milliseconds. */
export const healAfterMs = 90_000;
export const restMs = 300_000;

/** How likely faults are where a history has them at all. */
const usual: Likelihood = {
  "kill": 0.015,
  "stop": 0.01,
  "delay": 0.08,
  "no answer": 0.12,
  "answer cut": 0.3,
  "answer lost": 0.06,
  "proxy closes": 0.3,
  "proxy half-closes": 0.15,
  "request repeated": 0.3,
  "wrong code": 0.3,
  "watch dropped": 0.06,
  "watch late": 0.2,
  "410 Gone": 0.1,
  "503": 0.12,
  "409": 0.12,
  "429": 0.12,
  "500": 0.12,
  "504 after commit": 0.2,
  "EIO": 0.08,
  "ENOSPC": 0.1,
};

/** Begins the world of a history. Faults named in `leftOut` do not come. */
export function beginWorld(seed: number, leftOut: ReadonlySet<string>): World {
  const world = new World({ seed, now: start, likelihood: {}, leftOut });
  enter(world);
  // each history has some kinds of fault only, so that each kind is seen without the others
  for (const [fault, likelihood] of Object.entries(usual) as [Fault, number][]) {
    if (world.draw(`has ${fault}`) < 0.5) world.likelihood[fault] = likelihood;
  }
  return world;
}
