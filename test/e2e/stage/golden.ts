import assert from "node:assert/strict";
import * as fs from "node:fs";
import process from "node:process";
import type { Outcome } from "./harness.ts";

/**
 * Compares what a command did with test/e2e/golden/<name>.out, where `[WILDCARD]` stands for any
 * text. `replace` names the parts that differ from run to run: text → what the file says instead.
 * With UPDATE_GOLDEN=1 the file is written anew.
 */
export function assertGolden(
  name: string,
  outcome: Outcome,
  replace: Record<string, string> = {},
): void {
  const folder = new URL("golden/", import.meta.url);
  const file = new URL(`${name}.out`, folder);
  const actual = Object.entries(replace).reduce(
    (text, [part, stand]) => text.replaceAll(part, stand),
    describe(outcome),
  );
  if (process.env["UPDATE_GOLDEN"] === "1") {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(file, actual);
  }
  const expected = fs.readFileSync(file, "utf8");
  assertMatches(actual, expected);
}

/** Fails unless the text is the expected one, in which `[WILDCARD]` stands for any text. */
export function assertMatches(actual: string, expected: string): void {
  if (matches(actual, expected)) return;
  if (!matches(withoutWaits(actual), withoutWaits(expected))) assert.equal(actual, expected);
}

/** Without what is awaited: a machine that is busy has a command say more of that. */
function withoutWaits(text: string): string {
  return text.replaceAll(/^Waiting for .*\.\.\.\n/gm, "");
}

function describe({ code, signal, stdout, stderr }: Outcome): string {
  return `exit code: ${code ?? signal}\n--- stdout\n${stdout}--- stderr\n${stderr}`;
}

function matches(actual: string, expected: string): boolean {
  const parts = expected.split("[WILDCARD]").map((part) =>
    part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
  );
  return new RegExp(`^${parts.join("[^]*?")}$`).test(actual);
}
