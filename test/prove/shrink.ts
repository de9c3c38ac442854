import { type Findings, simulate } from "./simulate.ts";

/** The fewest faults found with which the history of a seed still breaks the promise. */
export interface Shrunk {
  left: string[];
  leftOut: string[];
  violations: Findings["broken"][number]["violations"];
}

/**
 * Leaves out faults of a failing history, half of them at first, as long as it still fails; each
 * try is a simulation of its own, of which there are at most `tries`.
 *
 * Not with fast-check: that shrinks a list of commands, made before the run. Here a fault is drawn
 * where the code comes by, from the seed and the name of the place, so a history is one number, and
 * leaving a fault out changes no draw of the others.
 */
export async function shrink(folder: string, seed: number, tries = 40): Promise<Shrunk> {
  const run = async (leftOut: string[]) =>
    (await simulate(folder, { first: seed, count: 1, limitMs: 60_000, leftOut })).broken[0];
  let found = await run([]);
  const leftOut: string[] = [];
  const places = [...new Set(found?.places)];
  for (
    let size = Math.ceil(places.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let start = 0; start < places.length && tries > 0; start += size) {
      const part = places.slice(start, start + size).filter((place) => !leftOut.includes(place));
      if (part.length === 0) continue;
      tries--;
      const less = await run([...leftOut, ...part]);
      if (less === undefined) continue;
      leftOut.push(...part);
      found = less;
    }
  }
  return { left: found?.places ?? [], leftOut, violations: found?.violations ?? [] };
}
