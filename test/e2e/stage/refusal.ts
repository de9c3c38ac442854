import assert from "node:assert/strict";
import { assertMatches } from "./golden.ts";
import type { Outcome } from "./harness.ts";

/**
 * Fails unless a command ended with that exit code, printed nothing on stdout, and on stderr beside
 * progress exactly the `wanted` lines; `[WILDCARD]` in them stands for any text.
 */
export function assertRefused(outcome: Outcome, code: number, ...wanted: string[]): void {
  assertMatches(messages(outcome), wanted.map((line) => `${line}\n`).join(""));
  assert.equal(outcome.code, code, outcome.stderr);
  assert.equal(outcome.stdout, "");
}

/** What stderr says beside progress, and the platform where it was inferred. */
export function messages({ stderr }: Outcome): string {
  return stderr.replaceAll(/^(.*\.\.\.|platform: .*)\n/gm, "");
}
