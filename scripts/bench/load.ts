import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { bunHere, root } from "../build.ts";
import type { Load, LoadResult } from "./load_client.ts";

/** The words that run a program of this folder, in the runtime that ships. */
export function programWords(name: string): [program: string, file: string] {
  return [bunHere(), path.join(root, "scripts/bench", name)];
}

/**
 * Has 32 clients in a process of their own send requests; gives how many a second were answered. Throws
 * if any failed.
 */
export function runLoad(load: Omit<Load, "clients" | "prefix">): number {
  const [program, file] = programWords("load_client.ts");
  const prefix = `load-${crypto.randomUUID()}`;
  const input = JSON.stringify({ ...load, clients: 32, prefix } satisfies Load);
  const { stdout, stderr } = spawnSync(program, [file], { input, encoding: "utf8" });
  if (stdout === "") throw new Error(`The clients ended without a word\n${stderr}`);
  const { perSecond, failures } = JSON.parse(stdout) as LoadResult;
  if (failures.length === 0) return perSecond;
  throw new Error(`${failures.length} requests failed, the first: ${failures[0]}`);
}
