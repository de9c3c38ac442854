import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedReading } from "./shared_reading.ts";

/** A reading whose results are given by hand. */
function openReading() {
  const started: PromiseWithResolvers<string>[] = [];
  const reading = new SharedReading(() => {
    const reading = Promise.withResolvers<string>();
    started.push(reading);
    return reading.promise;
  });
  return { reading, started };
}

/** Lets everything happen that waits for nothing but its turn. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

test("SharedReading reads once for those who ask before it begins, and anew for later ones", async () => {
  const { reading, started } = openReading();
  const early = [reading.get(), reading.get()];
  await settle();
  const late = [reading.get(), reading.get()];
  await settle();
  assert.equal(started.length, 1);
  started[0]!.resolve("first");
  assert.deepEqual(await Promise.all(early), ["first", "first"]);
  await settle();
  assert.equal(started.length, 2);
  started[1]!.resolve("second");
  assert.deepEqual(await Promise.all(late), ["second", "second"]);
});

test("SharedReading reads anew after a failure", async () => {
  const { reading, started } = openReading();
  const failing = reading.get();
  await settle();
  const next = reading.get();
  started[0]!.reject(new Error("no"));
  await assert.rejects(failing, /no/);
  await settle();
  started[1]!.resolve("yes");
  assert.equal(await next, "yes");
});
