import assert from "node:assert/strict";
import { test } from "node:test";
import { backOffMs, retry } from "./retry.ts";

const never = new AbortController().signal;

test("retry() goes on until the attempt succeeds", async () => {
  let tries = 0;
  const result = await retry(
    (
      number,
    ) => (tries++, number < 3 ? Promise.reject(new Error("not yet")) : Promise.resolve(number)),
    () => ({ afterMs: 1 }),
    never,
  );
  assert.equal(result, 3);
  assert.equal(tries, 3);
});

test("retry() throws the attempt's error when it gives up", async () => {
  await assert.rejects(
    retry(() => Promise.reject(new Error("final")), () => "give-up", never),
    /final/,
  );
});

test("retry() ends with the signal's reason while it waits", async () => {
  const signal = AbortSignal.timeout(20);
  const waited = retry(() => Promise.reject(new Error("x")), () => ({ afterMs: 60_000 }), signal);
  await assert.rejects(waited, { name: "TimeoutError" });
});

test("backOffMs() doubles to a limit, with jitter", () => {
  for (let number = 1; number < 40; number++) {
    const full = Math.min(5000, 100 * 2 ** (number - 1));
    const ms = backOffMs(number);
    assert.ok(ms >= full / 2 && ms <= full, `${number}: ${ms}`);
  }
});
