import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { releaseFromClone, trial } from "../../scripts/release/trial.ts";
import { inFolder } from "./released.ts";

test(
  "another clone at another place gives the same bytes",
  inFolder((folder) => {
    // of each way to package one; all targets are compared in RELEASING.md
    const targets = ["linux-x64", "macos-x64"].flatMap((name) => ["--target", name]);
    releaseFromClone(folder, targets);
    const packed = fs.readdirSync(folder).filter((name) =>
      /^hawser[-_]|^npm-hawser-linux/.test(name)
    );
    const same = packed.filter((name) => !name.endsWith(".intoto.json"));
    assert.ok(same.length >= 9, same.join());
    const differing = same.filter((name) =>
      !fs.readFileSync(path.join(folder, name)).equals(fs.readFileSync(path.join(trial, name)))
    );
    assert.deepEqual(differing, []);
  }),
);
