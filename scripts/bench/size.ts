import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { bunHere } from "../build.ts";
import type { Figure } from "./figure.ts";

const megabyte = 1_000_000;

/** How what is downloaded is packed; `task release` tries harder, and gains some percent. */
const packers = { "gzip": ["gzip", "-c"], "zstd": ["zstd", "-10", "-qc"] } as const;

/** What the executable takes, how much of it is the runtime, and what a download of it takes. */
export function measureSize(hawser: string): Figure[] {
  const size = fs.statSync(hawser).size;
  const ours = size - fs.statSync(bunHere()).size;
  const packed = Object.entries(packers).flatMap(([name, [program, ...words]]): Figure[] => {
    const { status, stdout } = spawnSync(program, [...words, hawser], { maxBuffer: 2 * size });
    if (status !== 0) return [];
    const value = `${(stdout.length / megabyte).toFixed(1)} MB`;
    return [{ name: `the executable, ${name}`, value, comparison: share(stdout.length, size) }];
  });
  return [
    {
      name: "the executable",
      value: `${(size / megabyte).toFixed(1)} MB`,
      comparison: `${(ours / megabyte).toFixed(1)} MB more than the runtime`,
    },
    ...packed,
  ];
}

function share(part: number, whole: number): string {
  return `${(part / whole).toFixed(2)} of it`;
}
