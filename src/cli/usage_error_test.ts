import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../test/fakes/world.ts";

test("a refused value is named with its option, argument or variable, and what it must be", async () => {
  const table: [string[], string][] = [
    [
      ["site", "status", "--timeout", "it's"],
      'Invalid value "it\'s" for --timeout: it must be a duration of 0 or more, such as 90s, 15m or 1h30m',
    ],
    [
      ["token", "redeem", "x", "--cost", "-1"],
      'Invalid value "-1" for --cost: it must be a whole number from 1 to 65535',
    ],
    [
      ["version", "-o", "a\nb"],
      'Invalid value "a\\nb" for --output: it must be one of text, json, yaml, jsonpath=<template>',
    ],
    [
      ["completion", "tcsh"],
      'Invalid value "tcsh" for the shell: it must be one of bash, zsh, fish, powershell',
    ],
  ];
  for (const [args, message] of table) {
    const { code, stdout, stderr } = await run(args);
    assert.equal(stderr, `error: ${message}\n`);
    assert.equal(code, 2);
    assert.equal(stdout, "");
  }
});

test("any other wrong command line is told with the command that shows its help", async () => {
  const table: [string, string][] = [
    ["tokn", 'Unknown command "tokn"\nhint: Did you mean token? See: hawser --help'],
    [
      "-n site token isue",
      'Unknown command "isue"\nhint: Did you mean issue? See: hawser token --help',
    ],
    ["token issue", 'Missing required argument "file"\nhint: hawser token issue --help'],
    [
      "token redeem a b",
      'Too many arguments for "redeem". Expected 1 argument but got 2\nhint: hawser token redeem --help',
    ],
    [
      "site update --enable-link-access --disable-link-access",
      'Option "--disable-link-access" cannot be used with option "--enable-link-access"\nhint: hawser site update --help',
    ],
  ];
  for (const [line, message] of table) {
    assert.equal((await run(line.split(" "))).stderr, `error: ${message}\n`);
  }
});

test("a secret that a slip of the hand has put elsewhere is not said", async () => {
  const lines = [
    "access-token-create --acess-token=hunter2",
    "access-token-create --access-token-stdin=hunter2",
    "config import x hunter2,it's",
    "config import x --nope='hunter2'",
  ];
  for (const line of lines) {
    const { code, stdout, stderr } = await run(line.split(" "));
    assert.equal(code, 2);
    assert.match(stderr, /^error: (Unknown option "--\w+(-\w+)?"|Invalid value "…"|Too many arg)/);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
  }
});

test("an error is worded in the format asked for, also where a namespace is named as a command", async () => {
  const { stderr } = await run(["-n", "link", "token", "inspect", "no.yaml", "-o", "json"]);
  assert.equal(JSON.parse(stderr).error.code, "file-not-found");
});
