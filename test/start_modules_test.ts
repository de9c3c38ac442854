import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What is read when the program starts, whatever the command. */
const start = "main.ts";
const linux = "platforms/linux/mod.ts";

/** What costs a start milliseconds, and only a part of the commands needs. */
const costly = ["node:http", "node:https", "node:readline", "node:tls", "node:tty", "node:zlib"];

/** The npm packages that a command reads at its start, and no others. */
const commands: [name: string, files: string[], packages: string[]][] = [
  ["version", [start, "src/commands/version.ts"], []],
  ["atc", [start, "src/commands/access_token_create.ts"], []],
  ["site status", [start, linux, "src/commands/site/status.ts"], ["js-yaml", "zod/mini"]],
  ["link status", [start, linux, "src/commands/link/status.ts"], ["js-yaml", "zod/mini"]],
  ["token issue", [start, linux, "src/commands/token/issue.ts"], ["js-yaml", "zod/mini"]],
  ["token redeem", [start, linux, "src/commands/token/redeem.ts"], ["js-yaml", "zod/mini"]],
  ["a connection without a proxy", [start, "src/network/proxy_connection.ts"], []],
];

for (const [name, files, packages] of commands) {
  test(`the start of ${name} reads no more than it needs`, () => {
    const read = [...modulesFrom(files)].filter((module) => !module.endsWith(".ts"));
    assert.deepEqual(read.filter((module) => costly.includes(module)), []);
    const outside = read.filter((module) => !module.startsWith("node:") && module !== "deno.json");
    assert.deepEqual(outside.sort(), ["@commander-js/extra-typings", ...packages].sort());
  });
}

/** The modules that those import, and all that these import, apart from types and `import()`. */
function modulesFrom(files: string[]): Set<string> {
  const found = new Set<string>();
  const left = [...files];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    if (!file.endsWith(".ts")) continue;
    const text = fs.readFileSync(path.join(root, file), "utf8");
    for (
      const [, what, from] of text.matchAll(
        /^(?:im|ex)port (?!type )([\w*{},\s]+) from "([^"]+)"/gm,
      )
    ) {
      if (isTypesAlone(what!)) continue;
      left.push(/^\.\.?\//.test(from!) ? path.join(path.dirname(file), from!) : from!);
    }
  }
  return found;
}

/** True for `{ type A, type B } from`. */
function isTypesAlone(what: string): boolean {
  const names = /^\{([^}]*)\}/.exec(what)?.[1];
  return names !== undefined &&
    names.split(",").every((one) => one.trim() === "" || one.trim().startsWith("type "));
}
