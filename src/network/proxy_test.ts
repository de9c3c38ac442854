import assert from "node:assert/strict";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import { chooseProxy } from "./proxy.ts";

const proxy = "http://proxy.example:3128";

test("chooseProxy() takes the lower-case variable first, and a bare host for http", () => {
  const url = new URL("https://west.example:9090/uid");
  const choose = (env: Record<string, string>) => chooseProxy(url, env)?.href;
  assert.equal(choose({}), undefined);
  assert.equal(choose({ HTTPS_PROXY: "" }), undefined);
  assert.equal(choose({ HTTPS_PROXY: proxy }), `${proxy}/`);
  assert.equal(choose({ HTTPS_PROXY: "http://other:1", https_proxy: proxy }), `${proxy}/`);
  assert.equal(choose({ HTTPS_PROXY: "proxy.example:3128" }), `${proxy}/`);
  assert.equal(choose({ HTTP_PROXY: proxy }), undefined);
  for (const kind of ["https", "socks5", "socks5h"]) {
    const url = `${kind}://proxy.example:1080`;
    assert.equal(choose({ HTTPS_PROXY: url })?.replace(/\/$/, ""), url);
  }
});

test("chooseProxy() takes HTTP_PROXY for http, but not where a client may have sent it", () => {
  const url = new URL("http://west.example");
  const choose = (env: Record<string, string>) => chooseProxy(url, env)?.href;
  assert.equal(choose({ HTTPS_PROXY: proxy }), undefined);
  assert.equal(choose({ HTTP_PROXY: proxy }), `${proxy}/`);
  assert.equal(choose({ HTTP_PROXY: proxy, NO_PROXY: "west.example:80" }), undefined);
  assert.equal(choose({ HTTP_PROXY: proxy, REQUEST_METHOD: "GET" }), undefined);
  assert.equal(choose({ http_proxy: proxy, REQUEST_METHOD: "GET" }), `${proxy}/`);
  assert.throws(() => choose({ HTTP_PROXY: "ftp://p" }), /for HTTP_PROXY/);
});

test("chooseProxy() refuses other kinds of proxy without showing the password", () => {
  assert.throws(
    () =>
      chooseProxy(new URL("https://a.example"), { HTTPS_PROXY: "socks4://user:hunter2@p:1080" }),
    (error) => isAppError(error, "invalid-value") && !error.message.includes("hunter2"),
  );
  assert.throws(
    () => chooseProxy(new URL("http://a.example"), { HTTP_PROXY: "http://user:hunter2%@p:1080" }),
    (error) =>
      isAppError(error, "invalid-value") && error.message.includes("%25") &&
      !error.message.includes("hunter2"),
  );
});

test("chooseProxy() leaves out what NO_PROXY names, and this machine", () => {
  const cases: [url: string, exceptions: string, direct: boolean][] = [
    ["https://west.example", "*", true],
    ["https://west.example", "west.example", true],
    ["https://West.Example", " other , WEST.example ", true],
    ["https://a.west.example", "west.example", true],
    ["https://a.west.example", ".west.example", true],
    ["https://a.west.example", "*.west.example", true],
    ["https://notwest.example", "west.example", false],
    ["https://west.example:9090", "west.example:9090", true],
    ["https://west.example:9090", "west.example:443", false],
    ["https://west.example", "west.example:443", true],
    ["https://10.1.2.3", "10.0.0.0/8", true],
    ["https://11.1.2.3", "10.0.0.0/8", false],
    ["https://10.1.2.3", "10.1.2.3", true],
    ["https://[fd00::1]:9090", "fd00::/8", true],
    ["https://[fe00::1]", "fd00::/8", false],
    ["https://10.1.2.3", "10.0.0.0/99", false],
    ["https://west.example", ",", false],
    ["https://localhost:9090", "", true],
    ["https://127.0.0.1:9090", "", true],
    ["https://[::1]:9090", "", true],
  ];
  for (const [url, exceptions, direct] of cases) {
    const chosen = chooseProxy(new URL(url), { HTTPS_PROXY: proxy, NO_PROXY: exceptions });
    assert.equal(chosen === undefined, direct, `${url} with NO_PROXY=${exceptions}`);
  }
});
