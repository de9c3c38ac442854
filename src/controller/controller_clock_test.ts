import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClockNotes, ControllerClock, observeEveryMs } from "./controller_clock.ts";

const start = Date.parse("2026-11-22T12:00:00Z");
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A machine whose clock the test sets, with a store that has a clock and a memory of its own. */
function openMachine() {
  const time = { steady: 0, machineAheadMs: 0, storeAheadMs: 0 };
  const trueTime = () => start + time.steady;
  let kept: string | undefined;
  const boot = () =>
    new ControllerClock({
      now: () => trueTime() + time.machineAheadMs,
      steady: () => time.steady,
      memory: {
        read: () => Promise.resolve<ClockNotes | undefined>(kept && JSON.parse(kept)),
        write(notes) {
          kept = JSON.stringify(notes);
          return Promise.resolve(trueTime() + time.storeAheadMs);
        },
      },
    });
  async function run(clock: ControllerClock, ms: number) {
    for (const end = time.steady + ms; time.steady < end;) {
      time.steady += Math.min(observeEveryMs, end - time.steady);
      await clock.observe();
    }
  }
  return { time, trueTime, boot, run, keptBytes: () => kept!.length };
}

test("what was over for a day on every clock is settled, and nothing before", async () => {
  const { boot, run, trueTime } = openMachine();
  const clock = boot();
  await clock.observe();
  await run(clock, dayMs - hourMs);
  assert.equal(clock.settled(), -Infinity);
  await run(clock, 2 * hourMs);
  assert.ok(clock.settled() <= trueTime() - dayMs);
  assert.ok(clock.settled() > trueTime() - dayMs - 2 * hourMs);
  assert.equal(clock.problem, undefined);
  assert.equal(clock.errorMs, 0);
});

for (const which of ["machineAheadMs", "storeAheadMs"] as const) {
  test(`a clock that is two days ahead settles nothing in hours (${which})`, async () => {
    const { boot, run, time, trueTime } = openMachine();
    const clock = boot();
    await run(clock, 3 * dayMs);
    time[which] = 2 * dayMs;
    await run(clock, 20 * hourMs);
    assert.ok(clock.settled() < trueTime());
    assert.match(clock.problem!, /^this machine's clock says \S+Z, that of the file system \S+Z$/);
    assert.equal(clock.errorMs, 2 * dayMs);
    time[which] = 0;
    await run(clock, 2 * dayMs);
    assert.ok(clock.settled() < trueTime());
  });
}

test("a restart keeps what was observed, and sees a clock that went back meanwhile", async () => {
  const { boot, run, time, trueTime } = openMachine();
  time.machineAheadMs = time.storeAheadMs = 30 * dayMs;
  await run(boot(), 2 * hourMs);
  time.machineAheadMs = time.storeAheadMs = 0;
  const next = boot();
  await next.observe();
  assert.match(next.problem!, /^it is 2026-11-22T\S+, but it was 2026-12-22T\S+ before: the clock/);
  await run(next, 23 * hourMs);
  assert.ok(next.settled() < trueTime() - 22 * hourMs, "observed in two lives");
  await run(next, 3 * hourMs);
  assert.equal(next.problem, undefined, "a day later it is the time that counts");
});

test("what nobody observed does not count, however long a process slept", async () => {
  const { boot, run, time } = openMachine();
  const clock = boot();
  await run(clock, hourMs);
  time.steady += 3 * dayMs;
  await clock.observe();
  assert.equal(clock.settled(), -Infinity);
});

test("what is kept stays small", async () => {
  const { boot, run, keptBytes } = openMachine();
  await run(boot(), 10 * dayMs);
  assert.ok(keptBytes() < 2000, `${keptBytes()} bytes`);
});
