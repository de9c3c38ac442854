import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError, appError } from "../errors/app_error.ts";
import { sleep } from "../runtime/clock.ts";
import { startDeadline, whileAwaiting } from "./deadline.ts";
import { waitFor } from "./wait_for.ts";

const never = new AbortController().signal;

async function* counting(signal: AbortSignal) {
  for (let count = 0;; count++) {
    yield count;
    try {
      await sleep(5, signal);
    } catch {
      return;
    }
  }
}

function until(wanted: number) {
  return {
    what: `count ${wanted}`,
    done: (count: number) => count === wanted ? `reached ${count}` : undefined,
    describe: (count: number) => `count is ${count}`,
    resume: "count again",
  };
}

test("waitFor() ends with the wanted state", async () => {
  const deadline = startDeadline(undefined, never);
  assert.equal(await waitFor(counting(deadline.signal), until(3), deadline), "reached 3");
});

test("waitFor() names the last state on timeout, and the command that resumes", async () => {
  const deadline = startDeadline(40, never);
  const error = await waitFor(counting(deadline.signal), until(-1), deadline).catch((e) => e);
  assert.ok(error instanceof AppError);
  assert.equal(error.code, "timed-out");
  assert.match(error.message, /^Timed out after 40ms waiting for count -1: count is \d+$/);
  assert.equal(error.resume, "count again");
  assert.equal(error.exitCode, 124);
});

test("waitFor() names what held it up where no state was ever seen", async () => {
  const deadline = startDeadline(40, never);
  // deno-lint-ignore require-yield -- it never comes to that
  async function* silence(signal: AbortSignal) {
    await sleep(10_000, signal).catch((error) => {
      throw whileAwaiting(error, "an answer");
    });
  }
  const error = await waitFor(silence(deadline.signal), until(1), deadline).catch((e) => e);
  const expected = "Timed out after 40ms waiting for count 1 (last error: waited for an answer)";
  assert.equal(error.message, expected);
  assert.equal(error.resume, "count again");
});

test("waitFor() with timeout 0 looks once", async () => {
  const deadline = startDeadline(0, never);
  const error = await waitFor(counting(deadline.signal), until(1), deadline).catch((e) => e);
  assert.match(error.message, /count is 0$/);
  assert.equal(await waitFor(counting(deadline.signal), until(0), deadline), "reached 0");
  deadline.end();
});

test("waitFor() ends with the interrupt's error", async () => {
  const interrupts = new AbortController();
  const deadline = startDeadline(10_000, interrupts.signal);
  setTimeout(() => interrupts.abort(appError("interrupted", {})), 20);
  const error = await waitFor(counting(deadline.signal), until(-1), deadline).catch((e) => e);
  assert.equal(error.code, "interrupted");
  deadline.end();
});

test("waitFor() passes on an error of the states at once", async () => {
  const deadline = startDeadline(10_000, never);
  async function* broken() {
    yield 1;
    throw new Error("broken");
  }
  await assert.rejects(waitFor(broken(), until(-1), deadline), /broken/);
  deadline.end();
});

test("waitFor() ends with the error of a state that lasts in vain, and not of one that passes", async () => {
  async function* states(...pauses: [state: string, ms: number][]) {
    for (const [state, ms] of pauses) {
      yield state;
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
  const wait = {
    what: "good",
    done: (state: string) => state === "good" ? state : undefined,
    describe: (state: string) => state,
    vain: {
      afterMs: 200,
      error: (state: string) => state === "bad" ? new Error("in vain") : undefined,
    },
  };
  const deadline = startDeadline(60_000, new AbortController().signal);
  const passes = states(["bad", 10], ["so-so", 300], ["bad", 10], ["good", 0]);
  assert.equal(await waitFor(passes, wait, deadline), "good");
  await assert.rejects(waitFor(states(["bad", 2000]), wait, deadline), /^Error: in vain$/);
  deadline.end();
});
