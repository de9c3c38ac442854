import assert from "node:assert/strict";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import {
  checkLabel,
  checkSubdomain,
  isLabel,
  isSubdomain,
  randomCode,
  randomSuffix,
} from "./names.ts";

const long = "a".repeat(63);

test("isLabel() takes RFC 1123 labels and nothing else", () => {
  for (const good of ["a", "0", "west", "a-b", "0a", long]) assert.ok(isLabel(good), good);
  const bad = ["", "-a", "a-", "A", "a.b", "a_b", "a b", "ä", "a\n", "../x", `${long}a`];
  for (const text of bad) assert.ok(!isLabel(text), text);
});

test("isSubdomain() takes RFC 1123 subdomains and nothing else", () => {
  const longest = [long, long, long, "a".repeat(61)].join(".");
  for (const good of ["a", "a.b", "west-1.example", "a".repeat(100), longest]) {
    assert.ok(isSubdomain(good), good);
  }
  const bad = ["", ".", "a.", ".a", "a..b", "A.b", "a/b", "..", "a.-b", "a\n", `${longest}a`];
  for (const text of bad) assert.ok(!isSubdomain(text), text);
});

test("checkLabel() and checkSubdomain() name the value that is wrong", () => {
  checkLabel("west", "the namespace");
  checkSubdomain("west.example", "the site name");
  for (const check of [checkLabel, checkSubdomain]) {
    assert.throws(() => check("No", "the name"), (error) => {
      assert.ok(isAppError(error, "invalid-value"));
      assert.match(error.message, /^Invalid value "No" for the name: it must be at most \d+ lower/);
      return true;
    });
  }
});

test("randomSuffix() and randomCode() have the characters and lengths that were asked for", () => {
  assert.match(randomSuffix(), /^[a-z0-9]{5}$/);
  assert.match(randomSuffix(12), /^[a-z0-9]{12}$/);
  assert.match(randomCode(), /^[A-Za-z0-9]{24}$/);
  assert.equal(new Set(Array.from({ length: 1000 }, () => randomCode())).size, 1000);
});

test("randomCode() prefers no character", () => {
  const counts = new Map<string, number>();
  for (const character of Array.from({ length: 62 }, () => randomCode(10_000)).join("")) {
    counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  assert.equal(counts.size, 62);
  // 10,000 of each; a bias by modulo would put the first eight at 12,100, 21 standard deviations
  // off
  for (const [character, count] of counts) assert.ok(Math.abs(count - 10_000) < 800, character);
});
