import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";

const root = new URL("../../../", import.meta.url);

/** What only tests and types use, by a text of each that no build changes. */
const marks = {
  "@kubernetes/client-node/dist/config.js": "Duplicate cluster: ",
  "@peculiar/x509/build/x509.es.js": "Cannot convert ASN.1 signature value to WebCrypto format",
  "reflect-metadata/Reflect.js": "hasOwnMetadata",
};

test("nothing of the libraries that judge in tests is in the executable", () => {
  const executable = fs.readFileSync(new URL("dist/hawser", root));
  assert.ok(executable.includes("redemptionsAllowed"), "it is not read as text");
  for (const [file, mark] of Object.entries(marks)) {
    const library = fs.readFileSync(new URL(`node_modules/${file}`, root));
    assert.ok(library.includes(mark), `${file} has "${mark}" no more: choose another text`);
    assert.ok(!executable.includes(mark), `${file} is in the executable`);
  }
});
