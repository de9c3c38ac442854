import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isAppError } from "../../src/errors/app_error.ts";
import { derivedUid } from "./store/derived_uid.ts";
import { findDataHome, namespacePaths, siteStatePaths } from "./paths.ts";

describe("findDataHome()", () => {
  const cases: [string, Record<string, string>, number | undefined, string][] = [
    ["HAWSER_DATA_HOME names all of it", { HAWSER_DATA_HOME: "/d", HOME: "/h" }, 0, "/d"],
    ["root has upstream's place", { XDG_DATA_HOME: "/x", HOME: "/root" }, 0, "/var/lib/skupper"],
    ["XDG_DATA_HOME holds a folder", { XDG_DATA_HOME: "/x", HOME: "/h" }, 7, "/x/skupper"],
    [
      "an empty XDG_DATA_HOME is unset",
      { XDG_DATA_HOME: "", HOME: "/h" },
      7,
      "/h/.local/share/skupper",
    ],
    [
      "an empty HAWSER_DATA_HOME is unset",
      { HAWSER_DATA_HOME: "", HOME: "/h" },
      7,
      "/h/.local/share/skupper",
    ],
    ["USERPROFILE stands in for HOME", { USERPROFILE: "/u" }, undefined, "/u/.local/share/skupper"],
  ];
  for (const [name, env, uid, home] of cases) {
    test(name, () => assert.equal(findDataHome(env, uid), home));
  }

  test("a path that leads elsewhere in another folder is refused", () => {
    for (const HAWSER_DATA_HOME of ["~/x", "data", "./data"]) {
      assert.throws(
        () => findDataHome({ HAWSER_DATA_HOME }, 0),
        (error) => isAppError(error, "invalid-value"),
      );
    }
  });

  test("nothing to go by is an error", () => {
    assert.throws(() => findDataHome({}, 7), (error) => isAppError(error, "data-home-unusable"));
  });
});

describe("namespacePaths()", () => {
  test("our state is beside upstream's namespaces, never in them", () => {
    const paths = namespacePaths("/d", "west");
    assert.equal(paths.inputResources, "/d/namespaces/west/input/resources");
    assert.equal(siteStatePaths(paths, "u").ledgers, "/d/hawser/west/u/ledgers");
  });

  for (
    const name of ["..", "../west", "a/b", "", ".", "West", "a.b", "a\0b", "-a", "a".repeat(64)]
  ) {
    test(`${JSON.stringify(name)} is refused`, () => {
      assert.throws(
        () => namespacePaths("/d", name),
        (error) => isAppError(error, "invalid-value"),
      );
    });
  }
});

describe("derivedUid()", () => {
  test("is a UUID, and the same for the same parts only", () => {
    const uid = derivedUid("west", new Uint8Array([1, 2]));
    assert.match(uid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(derivedUid("west", new Uint8Array([1, 2])), uid);
    assert.notEqual(derivedUid("ab", "c"), derivedUid("a", "bc"));
  });
});
