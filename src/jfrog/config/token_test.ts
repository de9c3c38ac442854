import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { anyServer, comparable } from "../../../test/fakes/jfrog_servers.ts";
import { exportServer, importServer } from "./token.ts";
import type { Server } from "../server.ts";

function encode(token: unknown): string {
  return Buffer.from(JSON.stringify(token)).toString("base64");
}

function decode(line: string): string {
  return Buffer.from(line, "base64").toString("utf8");
}

const acme: Server = {
  isDefault: true,
  serverId: "acme",
  url: "https://acme.jfrog.io/",
  artifactoryUrl: "https://acme.jfrog.io/artifactory/",
  user: "admin",
  password: "a<b",
  artifactoryRefreshToken: "r",
  tokenRefreshInterval: 60,
};

test("exportServer() writes jf's token, byte for byte", () => {
  assert.equal(
    decode(exportServer(acme)),
    '{"version":2,"url":"https://acme.jfrog.io/","artifactoryUrl":"https://acme.jfrog.io/artifactory/",' +
      '"user":"admin","password":"a\\u003cb","refreshToken":"r","tokenRefreshInterval":60,"serverId":"acme"}',
  );
});

test("exportServer() adds what jf loses, under names that jf overlooks", () => {
  const line = exportServer({ ...acme, refreshToken: "p", webLogin: true });
  assert.match(decode(line), /"serverId":"acme","webLogin":true,"platformRefreshToken":"p"\}$/);
});

test("importServer() gives back what exportServer() took, but for what is of the file alone", () => {
  fc.assert(fc.property(anyServer, (any) => {
    const { isDefault: _, ...server } = { ...any, url: "https://a/" };
    const wanted = { ...server, serverId: server.serverId ?? "Default-Server" };
    assert.deepEqual(comparable(importServer(exportServer(server))), comparable(wanted));
  }));
});

test("importServer() takes older tokens, names in any case, and base64 of any kind", () => {
  assert.deepEqual(importServer(encode({ url: "http://a/", serverId: "a" })), {
    artifactoryUrl: "http://a/",
    serverId: "a",
  });
  assert.deepEqual(
    importServer(encode({ version: 1, url: "http://a/", artifactoryUrl: "http://b/" })),
    {
      url: "http://a/",
      artifactoryUrl: "http://b/",
      serverId: "Default-Server",
    },
  );
  const line = encode({ Version: 2, URL: "http://a/~~~???", password: null });
  assert.match(line, /[+/].*=$/s);
  for (
    const spelled of [
      line,
      `\n ${line} \n`,
      line.replaceAll("=", ""),
      line.replaceAll("/", "_").replaceAll("+", "-"),
    ]
  ) {
    assert.equal(importServer(spelled).url, "http://a/~~~???");
  }
});

test("importServer() says why it takes no other text, and quotes none of it", () => {
  const refused: [line: string, why: string][] = [
    ["", "it is empty"],
    ["canary!canary", "it is not base64"],
    ["Y2FuYXJ5", "what it encodes is not JSON"],
    [encode(["canary"]), "what it encodes is not a JSON object"],
    [encode({}), "it names no server"],
    [encode({ version: 2, url: 5 }), "url must be text, not a whole number"],
  ];
  for (const [line, why] of refused) {
    assert.throws(() => importServer(line), {
      code: "jfrog-token-invalid",
      message: `Invalid configuration token: ${why}`,
    });
  }
});

test("importServer() takes a token as secrets are folded", () => {
  const line = encode({ version: 2, url: "https://acme.example/", password: "canary ".repeat(20) });
  for (const fold of ["\n", "\r\n", " ", "\t\n"]) {
    const folded = line.replaceAll(/.{64}/g, `$&${fold}`);
    assert.deepEqual(importServer(`${fold}${folded}${fold}`), importServer(line));
  }
});
