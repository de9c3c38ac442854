import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyServer, comparable } from "../../../test/fakes/jfrog_servers.ts";
import { isAppError } from "../../errors/app_error.ts";
import { parseConfig, renderConfig } from "./file.ts";
import type { Server } from "../server.ts";

/** As the real program wrote it. */
const written = `{
  "servers": [
    {
      "url": "https://acme.jfrog.io/",
      "artifactoryUrl": "https://acme.jfrog.io/artifactory/",
      "user": "admin",
      "accessToken": "a\\u003cb\\u003ec\\u0026d",
      "tokenRefreshInterval": 60,
      "serverId": "acme",
      "isDefault": true
    },
    {
      "url": "https://two.example/",
      "serverId": "two"
    }
  ],
  "version": "6"
}`;

function serversOf(text: string): Server[] {
  return parseConfig(text, "conf").servers;
}

test("renderConfig() writes what the real program writes, byte for byte", () => {
  const config = parseConfig(written, "conf");
  assert.equal(config.servers[0]!.accessToken, "a<b>c&d");
  assert.equal(renderConfig(config), written);
  assert.equal(
    renderConfig({ servers: [], isEncrypted: true, others: {} }),
    '{\n  "servers": [],\n  "version": "6",\n  "enc": true\n}',
  );
});

test("renderConfig() puts fields in jf's order and leaves out empty ones", () => {
  const server = { isDefault: false, serverId: "a", user: "", password: "p", url: "u" };
  assert.deepEqual(
    Object.keys(
      JSON.parse(renderConfig({ servers: [server], isEncrypted: false, others: {} })).servers[0],
    ),
    ["url", "password", "serverId"],
  );
});

test("parseConfig() takes names in any case, and of two spellings the last", () => {
  const text = '{"Servers":[{"URL":"a","url":"b","SERVERID":"x"}],"VERSION":"6","ENC":true}';
  const config = parseConfig(text, "conf");
  assert.deepEqual(config.servers, [{ url: "b", serverId: "x" }]);
  assert.equal(config.isEncrypted, true);
});

test("parseConfig() keeps what it does not know, on both levels, and renderConfig() writes it last", () => {
  const text = '{"extra":{"a":[1]},"servers":[{"__proto__":{"b":1},"url":"u"}],"version":"6"}';
  const again = JSON.parse(renderConfig(parseConfig(text, "conf")));
  assert.deepEqual(Object.keys(again), ["servers", "version", "extra"]);
  assert.deepEqual(again.extra, { a: [1] });
  assert.deepEqual(Object.entries(again.servers[0]), [["url", "u"], ["__proto__", { b: 1 }]]);
});

test("parseConfig() finds no servers where there are none, and never loses those there are", () => {
  assert.deepEqual(serversOf(""), []);
  assert.deepEqual(serversOf(" \n"), []);
  assert.deepEqual(serversOf("{}"), []);
  assert.deepEqual(serversOf('{"servers":null,"version":"6"}'), []);
  const servers = '"servers":[{"serverId":"a","user":null}]';
  for (const version of ["", ',"version":6', ',"version":"6"', ',"version":null', ',"Version":6']) {
    assert.deepEqual(serversOf(`{${servers}${version}}`), [{ serverId: "a" }], version);
  }
  assert.deepEqual(serversOf(`\uFEFF{${servers}}`), [{ serverId: "a" }]);
});

const invalid: [text: string, why: string][] = [
  ["{", "it is not valid JSON"],
  ['{"servers":[{"password":"canary"}', "it is not valid JSON"],
  ["null", "it must hold a JSON object, not null"],
  ["[]", "it must hold a JSON object, not a list"],
  ['{"version":"six"}', "its version is not a number"],
  ['{"version":6.5}', "its version is not a number"],
  ['{"servers":{}}', "servers must be a list, not an object"],
  ['{"servers":"canary"}', "servers must be a list, not text"],
  ['{"servers":[{},null]}', "servers[1] must be an object, not null"],
  ['{"servers":[{"url":5}]}', "servers[0].url must be text, not a whole number"],
  [
    '{"servers":[{"tokenRefreshInterval":1.5}]}',
    "servers[0].tokenRefreshInterval must be a whole number, not a fraction",
  ],
  [
    '{"servers":[{"isDefault":"canary"}]}',
    "servers[0].isDefault must be true or false, not text",
  ],
  ['{"servers":[],"version":"6","enc":"canary"}', "enc must be true or false, not text"],
  ['{"artifactory":"canary","version":"4"}', "servers must be a list, not text"],
  ['{"artifactory":[7],"version":"4"}', "servers[0] must be an object, not a whole number"],
];

test("parseConfig() says what is wrong, and quotes nothing of the file", () => {
  for (const [text, why] of invalid) {
    assert.throws(() => parseConfig(text, "/home/x/conf"), (error: Error) => {
      assert.ok(isAppError(error, "jfrog-config-invalid"), text);
      assert.equal(error.message, `Invalid JFrog configuration file /home/x/conf: ${why}`);
      assert.equal(error.cause, undefined);
      return true;
    });
  }
});

test("parseConfig() refuses a version that it cannot know", () => {
  assert.throws(() => parseConfig('{"servers":[],"version":"7"}', "conf"), {
    code: "jfrog-config-newer",
    message:
      "JFrog configuration file conf has version 7, of a newer program: this one knows versions up to 6",
  });
});

test("parseConfig() gives back what renderConfig() wrote", () => {
  fc.assert(fc.property(fc.array(anyServer), fc.boolean(), (servers, isEncrypted) => {
    const others = { theirs: [1, { a: null }] };
    const text = renderConfig({ servers, isEncrypted, others });
    assert.deepEqual(serversOf(text).map(comparable), servers.map(comparable));
    assert.deepEqual({ ...parseConfig(text, "conf"), servers: [] }, {
      servers: [],
      isEncrypted,
      version: 6,
      others,
    });
  }));
});
