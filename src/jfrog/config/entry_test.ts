import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { anyServer, comparable } from "../../../test/fakes/jfrog_servers.ts";
import {
  checkAuthentication,
  isInsecure,
  mergeServer,
  nameUser,
  putServer,
  removeServer,
  useServer,
} from "./entry.ts";
import type { Server } from "../server.ts";

const services = (url: string): Server => ({
  url,
  artifactoryUrl: `${url}artifactory/`,
  distributionUrl: `${url}distribution/`,
  xrayUrl: `${url}xray/`,
  missionControlUrl: `${url}mc/`,
  pipelinesUrl: `${url}pipelines/`,
});

function tokenOf(sub: string): string {
  return `e30.${Buffer.from(JSON.stringify({ sub })).toString("base64url")}.c2ln`;
}

describe("mergeServer()", () => {
  test("derives the urls of services, with a slash at the end, unless they are given", () => {
    const given = { url: "https://a", xrayUrl: "https://x" };
    assert.deepEqual(mergeServer({}, given), { ...services("https://a/"), xrayUrl: "https://x/" });
  });

  test("moves derived urls along with the platform's, and leaves the others", () => {
    const before = { ...services("https://a/"), xrayUrl: "https://x/" };
    const merged = mergeServer(before, { url: "https://b" });
    assert.deepEqual(merged, { ...services("https://b/"), xrayUrl: "https://x/" });
  });

  test("takes a url of SSH for Artifactory's alone", () => {
    assert.deepEqual(mergeServer({}, { url: "ssh://a:1339" }), {
      url: "ssh://a:1339",
      artifactoryUrl: "ssh://a:1339/",
    });
  });

  test("replaces all credentials by new ones, and none without", () => {
    const before: Server = {
      user: "u",
      password: "p",
      tokenRefreshInterval: 60,
      artifactoryRefreshToken: "r",
      clientCertPath: "c",
    };
    assert.deepEqual(mergeServer(before, { accessToken: "t" }), {
      user: "u",
      accessToken: "t",
      clientCertPath: "c",
    });
    assert.deepEqual(mergeServer(before, { user: "v", accessToken: "" }), {
      ...before,
      user: "v",
      accessToken: "",
    });
  });

  test("changes nothing of what is complete where nothing is given", () => {
    fc.assert(fc.property(anyServer, (server) => {
      const complete = mergeServer({}, server);
      assert.deepEqual(comparable(mergeServer(complete, {})), comparable(complete));
    }));
  });
});

test("nameUser() takes the user given, else the token's, in lower case, and warns where there is none", () => {
  const warnings: string[] = [];
  const userOf = (before: Server, given: Server) =>
    nameUser({ ...before, ...given }, given, (text) => warnings.push(text)).user;
  const accessToken = tokenOf("jfac@1/users/Ann");
  assert.equal(userOf({ user: "old" }, { accessToken }), "ann");
  assert.equal(userOf({}, { accessToken, user: "Given" }), "given");
  assert.equal(userOf({ user: "old" }, { accessToken: "reference" }), "old");
  assert.equal(userOf({ accessToken }, {}), undefined);
  assert.deepEqual(warnings, []);
  assert.equal(userOf({}, { accessToken: "reference" }), undefined);
  assert.equal(warnings.length, 1);
  const apiKey = `AKCp8${"x".repeat(68)}`;
  assert.equal(userOf({}, { accessToken: apiKey, user: "u" }), "u");
  assert.throws(() => userOf({}, { accessToken: apiKey }), { code: "jfrog-server-invalid" });
});

test("checkAuthentication() takes one way to authenticate, as jf counts them", () => {
  const one: Server[] = [
    {},
    { user: "u", password: "p" },
    { user: "u", accessToken: "t" },
    { user: "u", password: "p", accessToken: "t", artifactoryRefreshToken: "r" },
    { sshKeyPath: "k" },
  ];
  for (const server of one) checkAuthentication(server, false);
  const several: Server[] = [
    { user: "u", password: "p", accessToken: "t" },
    { accessToken: "t", sshKeyPath: "k" },
    { user: "u", password: "p", sshKeyPath: "k" },
  ];
  for (const server of several) {
    assert.throws(() => checkAuthentication(server, false), { code: "jfrog-server-invalid" });
  }
});

test("isInsecure() finds http that leaves this machine, on any url", () => {
  const hosts: [url: string, isInsecure: boolean][] = [
    ["https://a/", false],
    ["http://a/", true],
    ["http://127.0.0.1.example/", true],
    ["http://localhost:8081/", false],
    ["http://127.0.0.1/", false],
    ["ssh://a", false],
    ["no url", false],
  ];
  for (const [url, wanted] of hosts) assert.equal(isInsecure({ url }), wanted, url);
  assert.equal(isInsecure({ url: "https://a/", xrayUrl: "http://x/" }), true);
});

test("one server is the default, whatever is put, removed and chosen", () => {
  const step = fc.tuple(fc.constantFrom("put", "remove", "use"), fc.constantFrom("a", "b", "c"));
  fc.assert(fc.property(fc.array(step), (steps) => {
    let servers: Server[] = [];
    for (const [what, id] of steps) {
      const isThere = servers.some(({ serverId }) => serverId === id);
      if (what === "put") servers = putServer(servers, { serverId: id });
      else if (what === "remove") servers = removeServer(servers, id);
      else if (isThere) servers = useServer(servers, id);
      const defaults = servers.filter(({ isDefault }) => isDefault);
      assert.equal(defaults.length, Math.min(servers.length, 1));
      if (what === "use" && isThere) assert.equal(defaults[0]!.serverId, id);
      if (what === "put") assert.equal(servers.at(-1)!.serverId, id);
    }
  }));
});

test("useServer() gives back the same servers where nothing changes", () => {
  const servers = [{ serverId: "a", isDefault: true }, { serverId: "b" }];
  assert.equal(useServer(servers, "a"), servers);
  assert.throws(() => useServer(servers, "c"), { code: "jfrog-server-not-found" });
});
