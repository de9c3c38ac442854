import assert from "node:assert/strict";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import { platformUrl, refusePassword } from "./platform_url.ts";

test("platformUrl() gives the base url with a slash, and warns of what it mended", () => {
  const table: [text: string, url: string, warning: RegExp | undefined][] = [
    ["https://acme.jfrog.io", "https://acme.jfrog.io/", undefined],
    ["https://acme.jfrog.io/", "https://acme.jfrog.io/", undefined],
    ["HTTPS://Acme.jfrog.io:443//", "https://acme.jfrog.io/", undefined],
    ["http://127.0.0.1:8082/base/", "http://127.0.0.1:8082/base/", undefined],
    [
      " acme.jfrog.io ",
      "https://acme.jfrog.io/",
      /of --url has no scheme: https:\/\/acme.jfrog.io\//,
    ],
    ["localhost:8082", "https://localhost:8082/", /no scheme/],
    ["https://acme.jfrog.io/artifactory", "https://acme.jfrog.io/", /one service's/],
    ["https://acme.jfrog.io/base/access/", "https://acme.jfrog.io/base/", /one service's/],
    ["acme.jfrog.io/artifactory/", "https://acme.jfrog.io/", /no scheme/],
  ];
  for (const [text, url, warning] of table) {
    const warnings: string[] = [];
    assert.equal(platformUrl(text, "--url", (warning) => warnings.push(warning)), url);
    assert.equal(warnings.length, warning === undefined ? 0 : 1, text);
    if (warning !== undefined) assert.match(warnings[0]!, warning);
  }
});

test("platformUrl() refuses what is no such url, and shows no credentials", () => {
  const texts = [
    "",
    "https://",
    "ftp://acme.jfrog.io",
    "ssh://acme",
    "https://acme.jfrog.io?x=hunter2",
    "https://acme.jfrog.io/#a",
    "https://user:hunter2@acme.jfrog.io",
    "user:hunter2@acme.jfrog.io",
    "ftp://user:hunter2@acme.jfrog.io",
    "https://user:hunter2@a b",
    "https://user:x\nhunter2@a b",
    "https://acme.jfrog.io:99999/?token=hunter2",
  ];
  for (const text of texts) {
    assert.throws(
      () => platformUrl(text, "--url", assert.fail),
      (error) => isAppError(error, "invalid-value") && !/hunter2/.test(error.message),
      text,
    );
  }
});

test("refusePassword() refuses a url with a password, and shows neither", () => {
  for (const text of [undefined, "", "no url", "https://a.example/x", "ssh://git@a.example:1339"]) {
    refusePassword(text, "--xray-url");
  }
  assert.throws(
    () => refusePassword("ssh://git:hunter2@a.example", "--xray-url"),
    (error) => isAppError(error, "invalid-value") && !/hunter2/.test(error.message),
  );
});
