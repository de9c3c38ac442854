import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const outside = ["node_modules", "dist", ".git"];

const files = filesBelow(".");
const code = files.filter((file) =>
  file.endsWith(".ts") && file !== path.join("test", "citations_test.ts")
);
const documents = files.filter((file) => file.endsWith(".md"));

/** Section numbers as they are cited: one, or several with commas or "and". */
const numbers = String.raw`\d+(?:\.\d+)*(?:(?:,| and) \d+(?:\.\d+)*)*`;

function filesBelow(folder: string): string[] {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !outside.includes(name))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(file) : entry.isFile() ? [file] : [];
    });
}

function read(file: string): string {
  return fs.readFileSync(path.join(root, file), "utf8");
}

/** The text with each comment or paragraph on one line. */
function unwrap(text: string): string {
  return text.replaceAll(/\n[ \t]*(?:\*(?!\/)|\/\/)?[ \t]*/g, " ");
}

/** What is wrong with a citation of these sections of a document, if anything is. */
function faultOf(document: string, cited: string): string | undefined {
  if (!fs.existsSync(path.join(root, document))) return `there is no ${document}`;
  const headings = [...read(document).matchAll(/^#+ (\d+(?:\.\d+)*)\.? /gm)].map(([, n]) => n!);
  const missing = (cited.match(/\d+(?:\.\d+)*/g) ?? []).find((n) => !headings.includes(n));
  return missing === undefined ? undefined : `${document} has no section ${missing}`;
}

test("what code cites is a section that exists", () => {
  const citation = new RegExp(
    String
      .raw`[\w./-]*\b(?:spec\/[\w-]+\.md|spec\/(?:crds|refdog|seeds)|design\.md)(?: (${numbers}))?`,
    "g",
  );
  const faults: string[] = [];
  let found = 0;
  for (const file of code) {
    for (const [text, cited] of unwrap(read(file)).matchAll(citation)) {
      found++;
      const [document] = text.split(" ");
      const fault = /^docs\/spec\/[\w-]+\.md$/.test(document!) && cited !== undefined
        ? faultOf(document!, cited)
        : "name it as in docs/spec/jfrog.md 3.6";
      if (fault !== undefined) faults.push(`${file}: ${text}: ${fault}`);
    }
  }
  assert.deepEqual(faults, []);
  assert.ok(found > 80, `only ${found} citations were found`);
});

test("what documents cite of each other is a section that exists", () => {
  const citation = new RegExp(String.raw`([\w./-]+\.md)[\`)\]]* (${numbers})`, "g");
  const own = new RegExp(String.raw`\bsections? (${numbers})`, "g");
  const faults: string[] = [];
  let found = 0;
  const note = (file: string, text: string, fault: string | undefined) => {
    found++;
    if (fault !== undefined) faults.push(`${file}: ${text}: ${fault}`);
  };
  for (const file of documents) {
    const text = unwrap(read(file));
    for (const [all, document, cited] of text.matchAll(citation)) {
      note(file, all, faultOf(path.join(path.dirname(file), document!), cited!));
    }
    if (!file.startsWith(path.join("docs", "spec"))) continue;
    for (const [all, cited] of text.matchAll(own)) note(file, all, faultOf(file, cited!));
  }
  assert.deepEqual(faults, []);
  assert.ok(found > 30, `only ${found} citations were found`);
});

test("links in documents lead to files that exist", () => {
  const faults: string[] = [];
  let found = 0;
  for (const file of documents) {
    const text = read(file).replaceAll(/^```[^]*?^```|`[^`]*`/gm, "code");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(?:[a-z]+:|#)/.test(target!)) continue;
      found++;
      const linked = path.join(root, path.dirname(file), target!.replace(/#.*$/, ""));
      if (!fs.existsSync(linked)) faults.push(`${file}: ${target}`);
    }
  }
  assert.deepEqual(faults, []);
  assert.ok(found > 30, `only ${found} links were found`);
});

test("files and names in the flows and other documents are there", () => {
  const faults: string[] = [];
  let found = 0;
  for (const file of documents.filter((file) => !file.startsWith("CHANGELOG"))) {
    const text = unwrap(read(file).replaceAll(/^```[^]*?^```/gm, ""));
    for (const [, named] of text.matchAll(/`((?:src|platforms|test|scripts)\/[\w/.]+\.ts)`/g)) {
      found++;
      if (!fs.existsSync(path.join(root, named!))) faults.push(`${file}: there is no ${named}`);
    }
    if (!file.startsWith(path.join("docs", "flows"))) continue;
    for (const [item] of read(file).matchAll(/^- `[\w/.]+\.ts`:[^]*?(?=\n\n|\n- |$(?![^]))/gm)) {
      const [named, ...names] = [...item.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
      if (!fs.existsSync(path.join(root, named!))) continue;
      const source = read(named!);
      for (const name of names.filter((name) => /^\w+$/.test(name))) {
        found++;
        if (!new RegExp(`\\b${name}\\b`).test(source)) faults.push(`${file}: ${named}: ${name}`);
      }
    }
  }
  assert.deepEqual(faults, []);
  assert.ok(found > 60, `only ${found} names were found`);
});
