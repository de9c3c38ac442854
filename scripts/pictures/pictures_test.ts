import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { root } from "../build.ts";
import { demoPictures, flowPictures, pictures } from "./mod.ts";
import { linesOf } from "./terminal.ts";

test("the picture of the flow is as it is drawn", () => {
  for (const [file, svg] of Object.entries(flowPictures())) {
    assert.equal(
      fs.readFileSync(path.join(pictures, file), "utf8"),
      svg,
      "run: deno task pictures",
    );
  }
});

test("README shows each picture by the reader's scheme", () => {
  const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");
  const shown = Array.from(readme.matchAll(/docs\/pictures\/([\w-]+\.svg)/g), ([, file]) => file!);
  assert.deepEqual(shown.sort(), fs.readdirSync(pictures).sort());
});

test("a terminal is drawn with its lines, broken where they are too long", () => {
  const long = `hint: ${"word ".repeat(30)}`;
  const transcript = `\n# What is done\n$ hawser x <file>\nNAME  A & B\n${long}\n`;
  const [svg] = Object.values(demoPictures(transcript));
  const lines = linesOf(svg!);
  assert.deepEqual(lines.slice(0, 3), ["# What is done", "$ hawser x <file>", "NAME  A & B"]);
  assert.equal(lines.slice(3).join(" "), long.trimEnd());
  assert.ok(lines.length > 4);
});
