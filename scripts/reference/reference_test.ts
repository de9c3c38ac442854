import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { root } from "../build.ts";
import { variables } from "../../src/help/variables.ts";
import { stalePages } from "./mod.ts";
import { outputs, textOnly } from "./outputs.ts";
import { listCommands, wholeTree } from "./program.ts";

test("docs/reference is what commands, errors and outputs make it", () => {
  assert.deepEqual(stalePages(), [], "run: deno task reference");
});

test("the output of every command is described, and of no other", () => {
  const commands = listCommands(wholeTree("hawser")).map(({ words }) => words);
  assert.deepEqual([...Object.keys(outputs), ...textOnly].sort(), commands.sort());
});

test("the variables described are those that are read", () => {
  const sources = ["src", "platforms"].flatMap((folder) =>
    fs.readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith("_test.ts"))
      .map((file) => fs.readFileSync(path.join(root, folder, file), "utf8"))
  ).join("\n");
  const names = variables.map(({ name }) => name);
  const read = new Set(
    Array.from(sources.matchAll(/\benv\["(\w+)"\]/g), ([, name]) => name!.toUpperCase()),
  );
  assert.deepEqual([...read].filter((name) => !names.includes(name)), []);
  const unread = names.filter((name) => !new RegExp(`["' {]${name}\\b["':]`).test(sources));
  assert.deepEqual(unread, []);
});

test("an option that a variable stands in for is there", () => {
  const commands = listCommands(wholeTree("hawser"));
  for (const { name, option } of variables) {
    for (const first of option?.of ?? []) {
      const has = commands.filter(({ words }) => words.split(" ")[0] === first)
        .some(({ command }) => command.options.some(({ long }) => long === option!.flag));
      assert.ok(has, `${name}: no command of ${first} has ${option!.flag}`);
    }
  }
});
