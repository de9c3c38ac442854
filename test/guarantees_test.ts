import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = fs.readFileSync(`${root}/docs/guarantees.md`, "utf8");

/** `- K: \`file\` "part of a test's name"`, over several lines if need be. */
const named = [...text.matchAll(/^- ([A-Z]): `([^`]+)`\s+"([^"]+)"/gm)]
  .map(([, key, file, name]) => ({
    key: key!,
    file: file!,
    name: name!.replaceAll(/\s+/g, " "),
  }));

test("the tests that the guarantees name are there", () => {
  assert.ok(named.length > 10);
  for (const { key, file, name } of named) {
    assert.ok(fs.existsSync(`${root}/${file}`), `${key}: there is no ${file}`);
    const source = fs.readFileSync(`${root}/${file}`, "utf8");
    assert.ok(source.includes(name), `${key}: ${file} has no test "${name}"`);
  }
});

test("each step of a redemption names the tests that show it, and each test is named", () => {
  const known = named.map(({ key }) => key);
  assert.equal(new Set(known).size, known.length, "a test's letter is given twice");
  const [steps] = /^\| after[^]*?\n\n/m.exec(text)!;
  const rows = steps.trim().split("\n").slice(2).map((row) => row.split("|").map((c) => c.trim()));
  assert.ok(rows.length >= 9);
  const cited = rows.flatMap((cells) => {
    assert.equal(cells.length, 8, cells.join("|"));
    return cells.at(-2)!.split(", ").map((key) => ({ key, step: cells[1] }));
  });
  for (const { key, step } of cited) assert.ok(known.includes(key), `${step}: what is "${key}"?`);
  const mentioned = text.match(/\(([A-Z])\)/g)?.map((each) => each[1]) ?? [];
  for (const key of known) {
    assert.ok(cited.some((each) => each.key === key) || mentioned.includes(key), `${key} is idle`);
  }
});

test("the pages stay short", () => {
  for (const [page, lines] of [["guarantees", 130], ["threat-model", 70]] as const) {
    const { length } = fs.readFileSync(`${root}/docs/${page}.md`, "utf8").split("\n");
    assert.ok(length <= lines, `docs/${page}.md has ${length} lines, and may have ${lines}`);
  }
});
