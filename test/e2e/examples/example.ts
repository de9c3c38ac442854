import assert from "node:assert/strict";
import * as fs from "node:fs";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";
import type { CallOptions, Outcome, Sandbox } from "../stage/harness.ts";

const folder = fileURLToPath(new URL("../../../examples/", import.meta.url));

/** The path of an example. */
export function examplePath(name: string): string {
  return `${folder}${name}`;
}

/** The text of an example. */
export function readExample(name: string): string {
  return fs.readFileSync(examplePath(name), "utf8");
}

/** The documents of an example in YAML, as its test expects them. */
export function loadExample<T>(name: string): T[] {
  return loadAll(readExample(name)) as T[];
}

/** Runs commands as a pipeline's shell does, which ends at the first that fails. */
export function runShell(
  sandbox: Sandbox,
  commands: string,
  options: CallOptions = {},
): Promise<Outcome> {
  return sandbox.run("bash", ["-e", "-c", commands], options);
}

/** The same, which must succeed. */
export async function succeedInShell(
  sandbox: Sandbox,
  commands: string,
  options: CallOptions = {},
): Promise<Outcome> {
  const outcome = await runShell(sandbox, commands, options);
  assert.equal(outcome.code, 0, `${commands}\n${outcome.stdout}${outcome.stderr}`);
  return outcome;
}
