import assert from "node:assert/strict";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import { kindOf, selectResources } from "./kind_words.ts";

test("a kind has the names that kubectl knows it by", () => {
  const words = ["AccessGrant", "accessgrants", "accessgrant", "grant", "gr", "grants"];
  words.push("accessgrants.skupper.io", "GR");
  for (const word of words) assert.equal(kindOf(word), "AccessGrant", word);
  assert.equal(kindOf("to"), "AccessToken");
  assert.equal(kindOf("st"), "Site");
  assert.equal(kindOf("ln"), "Link");
  assert.equal(kindOf("secrets"), "Secret");
  for (const word of ["", "pods", "grs", "secrets.skupper.io", "sites.example.io", "constructor"]) {
    assert.throws(() => kindOf(word), (error) => isAppError(error, "usage"), word);
  }
});

test("words select resources as kubectl reads them", () => {
  assert.deepEqual(selectResources(["links"]), [{ kind: "Link", names: [] }]);
  assert.deepEqual(selectResources(["ln", "a", "b"]), [{ kind: "Link", names: ["a", "b"] }]);
  assert.deepEqual(selectResources(["sites,links,site"]), [
    { kind: "Site", names: [] },
    { kind: "Link", names: [] },
  ]);
  assert.deepEqual(selectResources(["link/a", "st/b"]), [
    { kind: "Link", names: ["a"] },
    { kind: "Site", names: ["b"] },
  ]);
  for (const words of [["link/a", "b"], ["link/"], ["link/a/b"]]) {
    assert.throws(() => selectResources(words), (error) => isAppError(error, "usage"));
  }
});
