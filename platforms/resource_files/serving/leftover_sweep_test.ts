import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { sweepLeftovers } from "./leftover_sweep.ts";

const temporary = ".hawser-0123456789abcdef.tmp";

test("sweepLeftovers() removes what the killed left, in its time, and nothing else", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "hawser-leftovers-"));
  t.after(() => rm(home, { recursive: true }));
  const sweep = (nowInMs: number, settledInMs = -Infinity) =>
    sweepLeftovers(home, {
      now: () => Date.now() + nowInMs,
      settled: () => Date.now() + settledInMs,
    });
  await sweep(0);
  const temporaries = [
    `hawser/west/a-uid/pending/${temporary}`,
    `hawser/west/a-uid/ledgers/${temporary}`,
    `hawser/.controller/issuer/${temporary}`,
    `namespaces/west/input/issuers/skupper-site-ca/${temporary}`,
  ];
  const pending = "hawser/west/a-uid/pending/0a.key";
  const kept = [
    "hawser/west/a-uid/resources/pending.key",
    "hawser/.controller/lock",
    "namespaces/west/input/issuers/skupper-site-ca/tls.key",
    `namespaces/west/runtime/${temporary}`,
  ];
  for (const file of [...temporaries, pending, ...kept]) {
    await mkdir(dirname(join(home, file)), { recursive: true });
    await writeFile(join(home, file), "");
  }
  const present = () =>
    [...temporaries, pending, ...kept].filter((file) => existsSync(join(home, file)));

  await sweep(0);
  assert.deepEqual(present(), [...temporaries, pending, ...kept], "they may be in use");
  await sweep(48 * 3_600_000);
  assert.deepEqual(present(), [pending, ...kept], "a clock that is ahead takes no key");
  await sweep(48 * 3_600_000, -1000);
  assert.deepEqual(present(), [pending, ...kept]);
  const daysMs = 86_400_000;
  await sweep(0, 89 * daysMs);
  assert.deepEqual(present(), [pending, ...kept], "its grant may be there still");
  await sweep(0, 91 * daysMs);
  assert.deepEqual(present(), kept);
});
