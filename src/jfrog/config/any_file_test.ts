import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { damaged, textsIn } from "../../../test/fakes/damaged_text.ts";
import { anyObject, canary, foreign, perhapsRight } from "../../../test/fakes/jfrog_servers.ts";
import { type AppError, isAppError } from "../../errors/app_error.ts";
import { serverFieldNames } from "./fields.ts";
import { type ConfigFile, parseConfig, renderConfig } from "./file.ts";

const runs = { numRuns: 10_000, seed: 13 };

const server = anyObject(serverFieldNames, perhapsRight);
const list = fc.oneof(
  { weight: 20, arbitrary: fc.array(server, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.oneof(server, foreign, fc.constant(null)) },
);
const versions = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...[0, 1, 2, 3, 4, 5, 6].flatMap((n) => [n, `${n}`])) },
  { weight: 1, arbitrary: fc.constantFrom(null, "7", 99, "six", -1, 1.5, []) },
);

/** A configuration file of any version, its servers under either name or both. */
const anyDocument = anyObject(
  ["version", "servers", "artifactory", "missionControl", "enc"],
  (name: string) => {
    if (name === "version") return versions;
    if (name === "enc") return fc.boolean();
    if (name === "missionControl") {
      return fc.record({ url: canary, x: foreign }, { requiredKeys: [] });
    }
    return list;
  },
);

/** The file, or undefined where it is refused in words that quote nothing. */
function read(text: string): ConfigFile | undefined {
  try {
    return parseConfig(text, "the file");
  } catch (error) {
    assert.ok(isAppError(error, "jfrog-config-invalid", "jfrog-config-newer"), String(error));
    const { message } = error as AppError;
    assert.doesNotMatch(message, /Canary/);
    return undefined;
  }
}

test("of a file of any version nothing is lost, and what is refused is not quoted", () => {
  let refused = 0;
  fc.assert(
    fc.property(anyDocument, (document) => {
      const file = read(JSON.stringify(document));
      if (file === undefined) return void refused++;
      const rendered = renderConfig(file);
      // users' names lost their capitals in older versions
      const kept = new Set(textsIn(JSON.parse(rendered)).map((text) => text.toLowerCase()));
      const lost = textsIn(document).filter((text) => text.startsWith("Canary"))
        .filter((text) => !kept.has(text.toLowerCase()));
      assert.deepEqual(lost, []);
      assert.equal(renderConfig(read(rendered)!), rendered); // what was written is read as such
    }),
    runs,
  );
  assert.ok(refused < runs.numRuns / 2, `${refused} were refused`);
});

test("a damaged file is read or refused, and never quoted", () => {
  const text = anyDocument.map((document) => JSON.stringify(document, null, 2));
  fc.assert(fc.property(damaged(text, 4), (text) => void read(text)), runs);
});
