import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { readProcessStart } from "./process_start.ts";

test(
  "readProcessStart() tells a process from another",
  { skip: !existsSync("/proc/1/stat") },
  async () => {
    const mine = await readProcessStart(process.pid);
    assert.match(mine!, /^\d+$/);
    assert.equal(await readProcessStart(process.pid), mine);
    const child = spawn("sleep", ["60"]);
    const its = await readProcessStart(child.pid!);
    child.kill();
    assert.ok(Number(its) > Number(mine));
    assert.equal(await readProcessStart(2 ** 30), undefined);
  },
);
