import assert from "node:assert/strict";
import { test } from "node:test";
import { abortable, awaitEvents, within } from "./abortable.ts";

const never = new AbortController().signal;
const forEver = new Promise<never>(() => {});

test("a wait ends with its signal, whatever it waits for", async () => {
  const stop = new AbortController();
  let ended = 0;
  const waits = [
    abortable(forEver, stop.signal),
    awaitEvents(stop.signal, () => () => void ended++),
    within(3_600_000, () => new Error("late"), () => forEver, stop.signal),
  ];
  stop.abort(new Error("stopped"));
  for (const wait of waits) await assert.rejects(wait, /stopped/);
  assert.equal(ended, 1);
});

test("a wait that begins after its signal does not begin", async () => {
  const signal = AbortSignal.abort(new Error("stopped"));
  await assert.rejects(abortable(Promise.reject(new Error("unheard")), signal), /stopped/);
  await assert.rejects(awaitEvents(signal, () => assert.fail("it began")), /stopped/);
  await assert.rejects(within(1, Error, () => assert.fail("it began"), signal), /stopped/);
});

test("awaitEvents() ends listening once, at once settled or later", async () => {
  let ended = 0;
  const end = () => void ended++;
  const begins = [
    (resolve: (value: string) => void) => {
      resolve("now");
      return end;
    },
    (resolve: (value: string) => void) => {
      setTimeout(() => resolve("later"), 1);
      return end;
    },
  ];
  assert.equal(await awaitEvents(never, begins[0]!), "now");
  assert.equal(ended, 1);
  assert.equal(await awaitEvents(never, begins[1]!), "later");
  assert.equal(ended, 2);
});

test("within() ends what takes too long, and tells it so", async () => {
  let heard: unknown;
  const late = new Error("late");
  const run = (signal: AbortSignal) => {
    signal.addEventListener("abort", () => heard = signal.reason);
    return forEver;
  };
  await assert.rejects(within(1, () => late, run, never), /late/);
  assert.equal(heard, late);
  assert.equal(await within(3_600_000, () => late, () => Promise.resolve("done"), never), "done");
});
