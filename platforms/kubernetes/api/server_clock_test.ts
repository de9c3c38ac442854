import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "./server_clock.ts";

const start = Date.parse("2026-11-22T12:00:00Z");

/**
 * A server whose clock says `start` when the steady one says 0, and answers that take their time.
 */
function openServer() {
  const time = { steady: 0, aheadMs: 0 };
  const clock = new ServerClock(() => time.steady);
  function ask(thereMs: number, backMs: number) {
    const sentAt = time.steady;
    time.steady += thereMs;
    const date = new Date(start + time.steady + time.aheadMs).toUTCString();
    time.steady += backMs;
    clock.learn(date, sentAt);
  }
  return { time, clock, ask, offMs: () => clock.now()! - (start + time.steady + time.aheadMs) };
}

test("the server's clock is told from its answers, to half a second and their delay", () => {
  const { time, clock, ask, offMs } = openServer();
  assert.equal(clock.now(), undefined);
  clock.learn(undefined, 0);
  clock.learn("yesterday", 0);
  assert.equal(clock.now(), undefined);
  for (let i = 0; i < 50; i++) {
    ask(10 + i, 20);
    assert.ok(Math.abs(offMs()) <= 550, `${offMs()}`);
    time.steady += 137;
  }
  assert.ok(Math.abs(offMs()) < 100, "many answers tell it better than one");
  time.steady += 86_400_000;
  assert.ok(Math.abs(offMs()) < 100);
});

test("a server's clock that is set is followed at once, and a slow answer changes nothing", () => {
  const { time, ask, offMs } = openServer();
  ask(1, 1);
  for (const aheadMs of [60_000, -7_200_000]) {
    time.aheadMs = aheadMs;
    ask(1, 1);
    assert.ok(Math.abs(offMs()) <= 1002, `${offMs()}`);
  }
  const before = offMs();
  ask(20_000, 9000);
  assert.equal(offMs(), before);
});
