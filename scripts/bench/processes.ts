import { spawnSync } from "node:child_process";
import { median } from "./figure.ts";

/**
 * Runs the commands in turn, that often each, and `tidyUp` after each round; gives their median
 * times. Throws if one fails.
 */
export function measureCommands(
  commands: Record<string, string[]>,
  rounds: number,
  env?: Record<string, string | undefined>,
  tidyUp: () => void = () => {},
): { name: string; ms: number }[] {
  const measured = Object.entries(commands).map(([name, words]) => ({
    name,
    words,
    times: [] as number[],
  }));
  for (let round = 0; round < rounds; round++) {
    for (const { words, times } of measured) times.push(runOnce(words, env));
    tidyUp();
  }
  return measured.map(({ name, times }) => ({ name, ms: median(times) }));
}

function runOnce(words: string[], env: Record<string, string | undefined> | undefined): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(words[0]!, words.slice(1), {
    stdio: ["ignore", "pipe", "pipe"],
    ...(env === undefined ? {} : { env }),
  });
  const ms = performance.now() - startedAt;
  if (status !== 0) throw new Error(`${words.join(" ")} failed\n${stderr}`);
  return ms;
}
