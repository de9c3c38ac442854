import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { damaged, textsIn } from "../../../test/fakes/damaged_text.ts";
import { anyObject, perhapsRight } from "../../../test/fakes/jfrog_servers.ts";
import { type AppError, isAppError } from "../../errors/app_error.ts";
import type { Server } from "../server.ts";
import { serverFieldNames } from "./fields.ts";
import { exportServer, importServer } from "./token.ts";

const runs = { numRuns: 10_000, seed: 13 };

/** What a token has in place of the file's name for it. */
const fields = serverFieldNames.filter((name) => name !== "url" && name !== "isDefault").map((
  name,
) => name === "artifactoryRefreshToken" ? "platformRefreshToken" : name);

/** A token of any version, of fields that are known and others. */
const anyToken = fc.tuple(
  anyObject(
    fields,
    (name: keyof Server | "platformRefreshToken") =>
      perhapsRight(name === "platformRefreshToken" ? "refreshToken" : name),
  ),
  fc.constantFrom({}, { version: 0 }, { version: 1 }, { VERSION: 2 }, { version: 2 }, {
    version: 3,
  }),
  fc.constantFrom({}, { url: "https://a/" }, { url: "https://a/" }),
).map(([fields, version, url]) => ({ ...fields, ...version, ...url }));

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The server, or undefined where the line is refused in words that quote nothing. */
function read(line: string): Server | undefined {
  try {
    return importServer(line);
  } catch (error) {
    assert.ok(isAppError(error, "jfrog-token-invalid"), String(error));
    assert.doesNotMatch((error as AppError).message, /Canary|Q2FuYXJ5/);
    return undefined;
  }
}

test("of a token of any version nothing is lost, and it may go on from here", () => {
  let refused = 0;
  fc.assert(
    fc.property(anyToken, (token) => {
      const server = read(encode(JSON.stringify(token)));
      if (server === undefined) return void refused++;
      const kept = new Set(textsIn(server));
      const lost = textsIn(token).filter((text) => text.startsWith("Canary") && !kept.has(text));
      assert.deepEqual(lost, []);
      assert.ok(!("isDefault" in server)); // which server is the default one, the file says
      assert.equal(exportServer(read(exportServer(server))!), exportServer(server));
    }),
    runs,
  );
  assert.ok(refused < runs.numRuns / 2, `${refused} were refused`);
});

test("a damaged token is read or refused, and never quoted", () => {
  const inside = damaged(anyToken.map((token) => JSON.stringify(token)), 3).map(encode);
  const outside = damaged(anyToken.map((token) => encode(JSON.stringify(token))), 3);
  fc.assert(fc.property(fc.oneof(inside, outside), (line) => void read(line)), runs);
});
