import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isAppError } from "../../errors/app_error.ts";
import { writeGoJson } from "../go_json.ts";
import { type TokenOptions, tokenRequest } from "./token_request.ts";

test("tokenRequest() gives what jf sends, in its order", () => {
  const table: [TokenOptions, string | undefined, string][] = [
    [{}, undefined, '{"refreshable":false,"include_reference_token":false}'],
    [{}, "Ann", '{"refreshable":false,"include_reference_token":false,"username":"ann"}'],
    [{ username: "" }, "ann", '{"refreshable":false,"include_reference_token":false}'],
    [
      {
        username: "commander-will-riker",
        scope: "applied-permissions/groups:readers,riker-group",
        reference: true,
        expiry: "31556952",
        description: "Token for Riker-group. Owner topdog@riker.com",
      },
      "ann",
      '{"scope":"applied-permissions/groups:readers,riker-group","expires_in":31556952,' +
      '"refreshable":false,"include_reference_token":true,"username":"commander-will-riker",' +
      '"description":"Token for Riker-group. Owner topdog@riker.com"}',
    ],
    [
      {
        groups: "a,b",
        grantAdmin: true,
        audience: "jfrt@* jfxr@*",
        project: "p",
        refreshable: true,
      },
      undefined,
      '{"scope":"applied-permissions/groups:a,b applied-permissions/admin","refreshable":true,' +
      '"audience":"jfrt@* jfxr@*","include_reference_token":false,"project_key":"p"}',
    ],
    [
      { groups: "", grantAdmin: false, expiry: "0", description: "<&>", forceRevocable: true },
      undefined,
      '{"expires_in":0,"refreshable":false,"include_reference_token":false,' +
      '"description":"\\u003c\\u0026\\u003e","force_revocable":true}',
    ],
  ];
  for (const [options, user, wanted] of table) {
    assert.equal(writeGoJson(tokenRequest(options, user), 0), wanted);
  }
});

test("tokenRequest() takes seconds as jf does, and durations", () => {
  const table: [string, number][] = [
    ["+5", 5],
    ["007", 7],
    ["-0", 0],
    ["90m", 5400],
    ["24h", 86_400],
    ["0s", 0],
    ["1.5h", 5400],
  ];
  for (const [expiry, seconds] of table) {
    assert.equal(tokenRequest({ expiry }, undefined).expires_in, seconds, expiry);
  }
  for (
    const expiry of [
      "",
      "-1",
      " 5",
      "0x10",
      "1_000",
      "1e3",
      "1.5",
      "500ms",
      "9".repeat(19),
      "1d-1h",
      "d",
      "1d1y",
    ]
  ) {
    assert.throws(
      () => tokenRequest({ expiry }, undefined),
      (error) => isAppError(error, "invalid-value") && error.message.includes("for --expiry"),
      expiry,
    );
  }
});

test("tokenRequest() quotes groups where it must, and only there", () => {
  const table: [string, string][] = [
    ["readers,riker-group", "readers,riker-group"],
    ["readers, group 2", 'readers,"group 2"'],
    ['"group_1","group 2","group,3"', 'group_1,"group 2","group,3"'],
    ["ünï", "ünï"],
  ];
  for (const [groups, wanted] of table) {
    const { scope } = tokenRequest({ groups }, undefined);
    assert.equal(scope, `applied-permissions/groups:${wanted}`);
  }
  for (const groups of [",", "a,,b", "a,", ",a", '"a', 'a"b"', '""', " "]) {
    assert.throws(
      () => tokenRequest({ groups }, undefined),
      (error) => isAppError(error, "invalid-value"),
      groups,
    );
  }
});

test("tokenRequest() loses no group, whatever the names", () => {
  const name = fc.string({ minLength: 1 }).map((text) => text.replaceAll('"', "'").trim())
    .filter((text) => text !== "");
  fc.assert(fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
    const groups = names.map((name) => `"${name}"`).join(",");
    if (groups.length > 400) return;
    const { scope } = tokenRequest({ groups }, undefined);
    const list = scope!.slice("applied-permissions/groups:".length);
    const read = Array.from(list.matchAll(/"([^"]*)"|([^,"]+)/g), ([, a, b]) => a ?? b);
    assert.deepEqual(read, names);
  }));
});

test("tokenRequest() refuses a scope beside groups or administrator, given in whatever way", () => {
  for (const other of [{ groups: "" }, { grantAdmin: false }, { groups: "a", grantAdmin: true }]) {
    assert.throws(
      () => tokenRequest({ scope: "s", ...other }, undefined),
      (error) => isAppError(error, "usage"),
    );
  }
});

test("tokenRequest() counts characters, not bytes or halves of them", () => {
  const text = "😀";
  assert.ok(tokenRequest({ description: text.repeat(1024) }, undefined).description);
  const table: TokenOptions[] = [
    { description: text.repeat(1025) },
    { scope: "s".repeat(501) },
    { groups: "g".repeat(500) },
    { audience: "a".repeat(256) },
    { username: "u".repeat(256) },
  ];
  for (const options of table) {
    assert.throws(
      () => tokenRequest(options, undefined),
      (error) => isAppError(error, "invalid-value"),
    );
  }
});

test("tokenRequest() takes days, weeks and years, and says how long is too long", () => {
  const table: [string, number][] = [
    ["365d", 31_536_000],
    ["1y", 31_536_000],
    ["2w", 1_209_600],
    ["1y1d12h", 31_536_000 + 86_400 + 43_200],
  ];
  for (const [expiry, seconds] of table) {
    assert.equal(tokenRequest({ expiry }, undefined).expires_in, seconds, expiry);
  }
  assert.throws(
    () => tokenRequest({ expiry: "9223372036854775807" }, undefined),
    /it must be no more than 9007199254740991 seconds; 0 is without end$/,
  );
});

test("tokenRequest() takes no scope for the name of a group", () => {
  for (
    const groups of [
      "applied-permissions/groups:readers",
      "a,system:metrics:r",
      "Groups:a",
      "member-of-groups:a",
    ]
  ) {
    assert.throws(() => tokenRequest({ groups }, undefined), /it must be names of groups; /);
  }
});
