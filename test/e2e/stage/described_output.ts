import assert from "node:assert/strict";
import type { Command } from "@commander-js/extra-typings";
import { outputs } from "../../../scripts/reference/outputs.ts";
import { wholeTree } from "../../../scripts/reference/program.ts";
import { findCommand } from "../../../src/cli/command_path.ts";

let tree: Command | undefined;

/** Fails if JSON that a command printed is not as docs/reference/outputs.md has it. */
export function assertDescribed(args: string[], stdout: string): void {
  if (stdout === "" || !wantsJson(args)) return;
  const words = wordsOf(args);
  const schema = outputs[words];
  if (schema === undefined) return;
  if (args.includes("--watch") && stdout.trim().includes("\n")) {
    return stdout.trim().split("\n").forEach((line) => assertDescribed(args, line));
  }
  const { error } = schema.safeParse(JSON.parse(stdout));
  const problem = JSON.stringify(error?.issues, null, 2);
  assert.ok(
    error === undefined,
    `${words}: not as scripts/reference has it\n${problem}\n${stdout}`,
  );
}

/** The words of the command that the arguments name. */
export function wordsOf(args: string[]): string {
  return findCommand(tree ??= wholeTree("hawser"), args).words.join(" ");
}

function wantsJson(args: string[]): boolean {
  return /(^| )(-o|--output)[ =]?json( |$)/.test(args.join(" "));
}
