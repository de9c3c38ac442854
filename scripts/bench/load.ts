import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { bunHere, root } from "../build.ts";
import type { Load, LoadResult } from "./load_client.ts";

/** The words that run a program of this folder, in the runtime that ships. */
export function programWords(name: string): [program: string, file: string] {
  return [bunHere(), path.join(root, "scripts/bench", name)];
}

/** What clients are to do, as many of them as are not said otherwise: 32. */
export type LoadOrder = Omit<Load, "clients" | "prefix"> & { clients?: number };

/**
 * Has clients in a process of their own send requests; gives how many a second there were, and what
 * failed.
 */
export function tryLoad(order: LoadOrder): LoadResult {
  const [program, file] = programWords("load_client.ts");
  const prefix = `load-${crypto.randomUUID()}`;
  const input = JSON.stringify({ clients: 32, ...order, prefix } satisfies Load);
  const { stdout, stderr } = spawnSync(program, [file], { input, encoding: "utf8" });
  if (stdout === "") throw new Error(`The clients ended without a word\n${stderr}`);
  return JSON.parse(stdout) as LoadResult;
}

/** As `tryLoad`, but gives how many a second were answered. Throws if any failed. */
export function runLoad(order: LoadOrder): number {
  const { perSecond, failures } = tryLoad(order);
  if (failures.length === 0) return perSecond;
  throw new Error(`${failures.length} requests failed, the first: ${failures[0]}`);
}
