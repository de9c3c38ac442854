import assert from "node:assert/strict";
import { test } from "node:test";
import { makeJwt } from "../../../test/fakes/access_rules.ts";
import { isAppError } from "../../errors/app_error.ts";
import type { Server } from "../server.ts";
import { chooseServer, requireCredentials, type ServerFlags } from "./server_choice.ts";

const { signal } = new AbortController();
const apiKey = `AKCp8${"x".repeat(68)}`;
const acme: Server = {
  url: "https://acme.example/",
  accessToken: "A",
  user: "ann",
  serverId: "acme",
};
const beta: Server = {
  url: "https://beta.example/",
  user: "bob",
  password: "B",
  serverId: "beta",
  isDefault: true,
};

async function choose(flags: ServerFlags, env: Record<string, string>, servers?: Server[]) {
  const warnings: string[] = [];
  const details: string[] = [];
  const chosen = await chooseServer(flags, {
    env,
    openStore: () =>
      Promise.resolve({
        file: "",
        read: () => Promise.resolve(servers ?? assert.fail("the configuration was read")),
        change: () => assert.fail("the configuration was changed"),
      }),
    warn: (text) => warnings.push(text),
    detail: (text) => details.push(text),
  }, signal);
  return { chosen, warnings, details };
}

test("chooseServer() takes options, then the environment, then the configured server", async () => {
  const env = { JFROG_CLI_URL: "https://env.example", JFROG_CLI_ACCESS_TOKEN: "E" };
  const noUrl = { JFROG_CLI_ACCESS_TOKEN: "E" };
  const both = [acme, beta];
  const one: [ServerFlags, Record<string, string>, Server[] | undefined, string, unknown][] = [
    [{ url: "https://o.example", accessToken: "O" }, env, undefined, "https://o.example/", {
      accessToken: "O",
      user: undefined,
    }],
    [{ url: "https://o.example" }, noUrl, undefined, "https://o.example/", {
      accessToken: "E",
      user: undefined,
    }],
    [{ url: "env.example/ui/" }, env, undefined, "https://env.example/", {
      accessToken: "E",
      user: undefined,
    }],
    [{ url: "https://o.example", user: "u", password: "P" }, env, undefined, "https://o.example/", {
      user: "u",
      password: "P",
    }],
    [{ accessToken: "O" }, env, undefined, "https://env.example/", {
      accessToken: "O",
      user: undefined,
    }],
    [{}, env, undefined, "https://env.example/", { accessToken: "E", user: undefined }],
    [{ serverId: "acme" }, env, both, "https://acme.example/", { accessToken: "A", user: "ann" }],
    [{ serverId: "acme", accessToken: "O" }, {}, both, "https://acme.example/", {
      accessToken: "O",
      user: undefined,
    }],
    [{}, { JFROG_CLI_SERVER_ID: "acme" }, both, "https://acme.example/", {
      accessToken: "A",
      user: "ann",
    }],
    [{}, { JFROG_CLI_ACCESS_TOKEN: "E" }, both, "https://beta.example/", {
      accessToken: "E",
      user: undefined,
    }],
    [{}, {}, both, "https://beta.example/", { user: "bob", password: "B" }],
    [{}, {}, [acme], "https://acme.example/", { accessToken: "A", user: "ann" }],
    [{ url: "https://o.example" }, {}, undefined, "https://o.example/", undefined],
  ];
  for (const [flags, env, servers, url, credentials] of one) {
    const { chosen, details } = await choose(flags, env, servers);
    assert.equal(chosen.url, url);
    assert.deepEqual(chosen.credentials, credentials);
    assert.equal(details.length, 1);
    const secrets = ["A", "B", "E", "O", "P"].map((secret) =>
      new RegExp(`(?<!\\w)${secret}(?!\\w)`)
    );
    for (const secret of secrets) assert.doesNotMatch(details[0]!, secret);
  }
});

test("chooseServer() finds the user of a password elsewhere, and asks of nothing that is not needed", async () => {
  const url = "https://o.example";
  const lonely = { JFROG_CLI_PASSWORD: "E" };
  const table: [ServerFlags, Record<string, string>, unknown][] = [
    [{ url, user: "u" }, lonely, { user: "u", password: "E" }],
    [{ url, password: "O" }, { JFROG_CLI_USER: "e" }, { user: "e", password: "O" }],
    [{ url, accessToken: "O" }, lonely, { accessToken: "O", user: undefined }],
    [{ url, accessToken: "O" }, { JFROG_CLI_USER: "e" }, { accessToken: "O", user: undefined }],
    [{ url, accessToken: apiKey }, { JFROG_CLI_USER: "e" }, { accessToken: apiKey, user: "e" }],
  ];
  for (const [flags, env, credentials] of table) {
    assert.deepEqual((await choose(flags, env)).chosen.credentials, credentials);
  }
});

test("chooseServer() asks a server named by --server-id, whatever the environment says", async () => {
  const env = { JFROG_CLI_URL: "https://env.example", JFROG_CLI_ACCESS_TOKEN: "E" };
  const table: [ServerFlags, string][] = [
    [{}, "A"],
    [{ user: "u" }, "A"],
    [{ clientCertPath: "/c" }, "A"],
    [{ accessToken: "O" }, "O"],
  ];
  for (const [flags, accessToken] of table) {
    const { chosen } = await choose({ serverId: "acme", ...flags }, env, [acme]);
    assert.equal(chosen.url, "https://acme.example/");
    assert.equal((chosen.credentials as { accessToken: string }).accessToken, accessToken);
  }
  const token = { JFROG_CLI_ACCESS_TOKEN: "E" };
  const { chosen } = await choose({ serverId: "acme", url: "https://o.example" }, token);
  assert.deepEqual([chosen.url, chosen.credentials], [
    "https://o.example/",
    { accessToken: "E", user: undefined },
  ]);
});

test("chooseServer() keeps the configured server where its credentials are used", async () => {
  assert.equal((await choose({}, {}, [acme])).chosen.configured, acme);
  const other = await choose({}, { JFROG_CLI_ACCESS_TOKEN: "E" }, [acme]);
  assert.equal(other.chosen.configured, undefined);
  assert.equal(other.chosen.user, undefined);
});

test("chooseServer() takes user and credentials from one source, and says who that is", async () => {
  const carol = makeJwt({ sub: "jfac@x/users/carol" });
  const admin = makeJwt({ sub: "jfac@x/users/admin" });
  const server = { ...acme, user: "carol", accessToken: carol };
  const table: [ServerFlags, Record<string, string>, string | undefined, string][] = [
    [{}, {}, "carol", "carol, by access token"],
    [{ serverId: "acme", accessToken: admin }, {}, undefined, "admin, by access token"],
    [{}, { JFROG_CLI_ACCESS_TOKEN: admin }, undefined, "admin, by access token"],
    [{}, { JFROG_CLI_ACCESS_TOKEN: `${admin}\r\n` }, undefined, "admin, by access token"],
    [{}, { JFROG_CLI_USER: "dan", JFROG_CLI_PASSWORD: "p\n" }, "dan", "dan, by password"],
    [{ serverId: "acme", user: "eve" }, {}, "eve", "carol, by access token"],
    [{ serverId: "acme", accessToken: "ref" }, {}, undefined, "whoever the access token is of, by"],
  ];
  for (const [flags, env, user, identity] of table) {
    const { chosen, details } = await choose(flags, env, [server]);
    assert.equal(chosen.user, user);
    assert.ok(chosen.identity.startsWith(identity), chosen.identity);
    assert.ok(details[0]!.endsWith(chosen.identity));
    const { credentials } = chosen;
    if (credentials && "password" in credentials) assert.equal(credentials.password, "p");
  }
});

test("chooseServer() leaves out half an identity of the environment, with a warning", async () => {
  for (const name of ["JFROG_CLI_USER", "JFROG_CLI_PASSWORD"]) {
    const { chosen, warnings } = await choose({}, { [name]: "stray" }, [acme]);
    assert.deepEqual(chosen.credentials, { accessToken: "A", user: "ann" });
    assert.equal(chosen.user, "ann");
    assert.match(warnings.join(), new RegExp(`^${name} is left out: `));
  }
});

test("chooseServer() sends the environment's credentials to no other server than its url", async () => {
  const all: Record<string, string>[] = [
    { JFROG_CLI_ACCESS_TOKEN: "E" },
    { JFROG_CLI_USER: "e", JFROG_CLI_PASSWORD: "E" },
  ];
  for (const one of all) {
    const env = { JFROG_CLI_URL: "https://env.example", ...one };
    for (const url of ["https://o.example", "http://env.example", "https://env.example:8443"]) {
      const { chosen, warnings } = await choose({ url }, env);
      assert.equal(chosen.credentials, undefined);
      assert.match(warnings.join(), /^The credentials of the environment are left out: /);
    }
    const given = await choose({ url: "https://o.example", accessToken: "O" }, env);
    assert.deepEqual(given.warnings, []);
  }
});

test("chooseServer() takes the user of a token, and not another one beside it", async () => {
  const admin = makeJwt({ sub: "jfac@x/users/admin" });
  const env = { JFROG_CLI_ACCESS_TOKEN: admin, JFROG_CLI_USER: "eve", JFROG_CLI_PASSWORD: "p" };
  const { chosen, warnings } = await choose({}, env, [acme]);
  assert.equal(chosen.user, undefined);
  assert.deepEqual(warnings, ["JFROG_CLI_USER is left out: the access token is that of admin"]);
  assert.equal(
    (await choose({}, { ...env, JFROG_CLI_USER: "Admin" }, [acme])).chosen.user,
    "Admin",
  );
  const reference = { JFROG_CLI_ACCESS_TOKEN: "ref", JFROG_CLI_USER: "eve" };
  assert.equal((await choose({}, reference, [acme])).chosen.user, "eve"); // nobody can tell
});

test("chooseServer() takes user and password before a token that jf has made of them", async () => {
  const made = { ...beta, accessToken: "A", artifactoryRefreshToken: "R" };
  const { chosen } = await choose({}, {}, [made]);
  assert.deepEqual(chosen.credentials, { user: "bob", password: "B" });
  const token = { accessToken: "A", user: "bob" };
  const login = await choose({}, {}, [{ ...made, webLogin: true }]);
  assert.deepEqual(login.chosen.credentials, token);
  const plain = await choose({}, {}, [{ ...beta, accessToken: "A" }]);
  assert.deepEqual(plain.chosen.credentials, token);
});

test("chooseServer() takes client certificates of options before those configured", async () => {
  const server = { ...acme, clientCertPath: "/c", clientCertKeyPath: "/k" };
  const { chosen } = await choose({}, {}, [server]);
  assert.deepEqual(chosen.clientCertificate, { certPath: "/c", keyPath: "/k" });
  const given = await choose({ serverId: "acme", clientCertPath: "/o" }, {}, [server]);
  assert.deepEqual(given.chosen.clientCertificate, { certPath: "/o", keyPath: undefined });
});

test("chooseServer() knows the platform by Artifactory's url of an older entry", async () => {
  const server = { artifactoryUrl: "https://acme.example/artifactory/", accessToken: "A" };
  const { chosen, warnings } = await choose({}, {}, [server]);
  assert.equal(chosen.url, "https://acme.example/");
  assert.deepEqual(warnings, []);
});

test("chooseServer() warns of what is not as it seems", async () => {
  const flags = {
    url: "https://o.example",
    accessToken: apiKey,
    sshKeyPath: "/s",
    insecureTls: true,
  };
  const { warnings } = await choose(flags, {});
  assert.match(warnings.join("\n"), /SSH keys have no effect[^]*is an API key[^]*is not checked/);
});

test("chooseServer() says what is missing", async () => {
  const table: [ServerFlags, Record<string, string>, Server[] | undefined, string, number][] = [
    [{ accessToken: "O" }, {}, undefined, "jfrog-url-missing", 2],
    [{ user: "u" }, {}, undefined, "jfrog-url-missing", 2],
    [{}, {}, [], "jfrog-server-missing", 3],
    [{}, {}, [acme, { ...beta, isDefault: false }], "jfrog-default-missing", 3],
    [{ serverId: "Acme" }, {}, [acme], "jfrog-server-not-found", 6],
    [{}, {}, [{ serverId: "acme" }], "jfrog-url-missing", 2],
    [{ url: "https://o.example", password: "P" }, {}, undefined, "usage", 2],
    [{ url: "https://o.example", clientCertKeyPath: "/k" }, {}, undefined, "usage", 2],
    [{ url: "https://o.example", accessToken: "a\nb" }, {}, undefined, "access-token-invalid", 2],
    [{}, { JFROG_CLI_ACCESS_TOKEN: "a→" }, [acme], "access-token-invalid", 2],
    [{}, {}, [{ ...acme, accessToken: "a b" }], "access-token-invalid", 2],
    [{ url: "https://u:p@o.example" }, {}, undefined, "invalid-value", 2],
  ];
  for (const [flags, env, servers, code, exit] of table) {
    await assert.rejects(
      choose(flags, env, servers),
      (error) => isAppError(error) && error.code === code && error.exitCode === exit,
      code,
    );
  }
});

test("requireCredentials() takes a client certificate for an answer", () => {
  const url = "https://acme.example/";
  requireCredentials({ url, credentials: { accessToken: "A" } });
  requireCredentials({ url, clientCertificate: { certPath: "/c" } });
  assert.throws(
    () => requireCredentials({ url }),
    (error) => isAppError(error, "jfrog-credentials-missing"),
  );
});
