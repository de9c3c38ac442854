import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration, plural, sayDuration } from "./duration.ts";

test("parseDuration() takes Go's syntax and bare seconds", () => {
  const table: [string, number | undefined][] = [
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["1.5h", 5_400_000],
    ["500ms", 500],
    ["0", 0],
    ["0s", 0],
    ["15", 15_000],
    ["1.5", 1500],
    [".5s", 500],
    ["-1", -1000],
    ["-1m", -60_000],
    ["100us", 0.1],
    ["15m0s", 900_000],
    ["", undefined],
    ["abc", undefined],
    ["1d", undefined],
    ["1h30", undefined],
    ["m", undefined],
    ["1 h", undefined],
    [".s", undefined],
    ["--1s", undefined],
  ];
  for (const [text, wanted] of table) assert.equal(parseDuration(text), wanted, text);
});

test("formatDuration() gives what parseDuration() takes", () => {
  for (const ms of [0, 1, 500, 1000, 60_000, 90_000, 900_000, 3_600_000, 5_430_500]) {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }
  assert.equal(formatDuration(900_000), "15m");
  assert.equal(formatDuration(5_400_000), "1h30m");
});

test("sayDuration() reads naturally", () => {
  assert.equal(sayDuration(900_000), "15 minutes");
  assert.equal(sayDuration(86_400_000), "24 hours");
  assert.equal(sayDuration(5_400_000), "1 hour 30 minutes");
  assert.equal(sayDuration(1000), "1 second");
  assert.equal(sayDuration(500), "500 milliseconds");
});

test("plural() counts", () => {
  assert.equal(plural(1, "use"), "1 use");
  assert.equal(plural(3, "use"), "3 uses");
});
