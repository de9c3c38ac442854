import assert from "node:assert/strict";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import { isSameServer, platformUrl, refusePassword, serviceUrl } from "./platform_url.ts";

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
    "https:/acme.jfrog.io",
    "http:acme.jfrog.io",
    "https//acme.jfrog.io",
    "https:///",
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

test("platformUrl() takes the url of a page or a service for the platform's, and says so", () => {
  const behind = [
    "ui",
    "ui/",
    "ui/login",
    "ui/login/",
    "ui/native/a",
    "artifactory/webapp/x",
    "UI",
  ];
  const services = ["artifactory/api/system", "access/", "access/api/v1/tokens", "xray", "mc/api"];
  for (const path of [...behind, ...services]) {
    const warnings: string[] = [];
    const url = platformUrl(`https://h.example/${path}`, "--url", (text) => warnings.push(text));
    assert.equal(url, "https://h.example/", path);
    assert.match(warnings.join(), /is one service's or a page's, not the platform's/);
  }
  assert.equal(
    platformUrl("https://h.example/gui", "--url", assert.fail),
    "https://h.example/gui/",
  );
});

test("serviceUrl() puts the scheme before a url that has none, and says so", () => {
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  assert.equal(serviceUrl("h.example/artifactory", "--x", warn), "https://h.example/artifactory");
  assert.equal(warnings.length, 1);
  assert.equal(serviceUrl("http://h.example/", "--x", assert.fail), "http://h.example/");
  assert.throws(() => serviceUrl("a b", "--x", warn), /Invalid value "a b" for --x/);
});

test("serviceUrl() refuses what platformUrl() refuses, and shows no credentials", () => {
  const hidden = ["u:hunter2@h.example", "https://u:hunter2@h.example", "https://h?x=hunter2"];
  for (const text of [...hidden, "u:hunter2@a b", "ftp://h.example", "https:/h.example"]) {
    assert.throws(
      () => serviceUrl(text, "--x", assert.fail),
      (error) => isAppError(error, "invalid-value") && !/hunter2/.test(error.message),
      text,
    );
  }
});

test("isSameServer() compares scheme, host and port", () => {
  assert.ok(isSameServer("acme.jfrog.io", "https://Acme.jfrog.io:443/artifactory/"));
  assert.ok(!isSameServer("http://acme.jfrog.io", "https://acme.jfrog.io"));
  assert.ok(!isSameServer("https://acme.jfrog.io:8443", "https://acme.jfrog.io"));
  assert.ok(!isSameServer("a b", "a b"));
});
