import assert from "node:assert/strict";
import { test } from "node:test";
import { whyEnded } from "./controller_program.ts";

test("whyEnded() tells the error, else the last line, else how the process ended", () => {
  const started = '{"event":"started"}\n';
  assert.equal(whyEnded(`${started}{"error":{"message":"no room"}}\n`, "exit code 1"), "no room");
  assert.equal(whyEnded(`${started}Segmentation fault\n\n`, "SIGSEGV"), "Segmentation fault");
  assert.equal(whyEnded("", "SIGKILL"), "it ended without a word (SIGKILL)");
  assert.equal(whyEnded("\n"), "it ended without a word");
});
