import assert from "node:assert/strict";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import { anyServer, comparable } from "../../../test/fakes/jfrog_servers.ts";
import { isAppError } from "../../errors/app_error.ts";
import { encryptSecret } from "./cipher.ts";
import { secretFields } from "./fields.ts";
import { openServerStore } from "./store.ts";
import type { Server } from "../server.ts";

const forever = new AbortController().signal;
const key = "randomkeywithlengthofexactly32!!";
const withKey = { JFROG_CLI_ENCRYPTION_KEY: key };
const acme: Server = {
  url: "https://acme.example/",
  accessToken: "canary-token",
  serverId: "acme",
};

describe("openServerStore()", () => {
  let top: string;
  let home: string;
  let file: string;

  beforeEach(async () => {
    top = await mkdtemp(join(tmpdir(), "config-store-"));
    home = join(top, "home");
    file = join(home, "jfrog-cli.conf.v6");
  });
  afterEach(() => rm(top, { recursive: true }));

  const open = (env = {}) => openServerStore({ JFROG_CLI_HOME_DIR: home, ...env });
  const read = (env = {}) => open(env).read(forever);
  const add = (server: Server, env = {}) =>
    open(env).change((servers) => [...servers, server], forever);

  async function put(name: string, content: unknown): Promise<void> {
    await mkdir(home, { recursive: true });
    const text = typeof content === "string" ? content : JSON.stringify(content);
    await writeFile(join(home, name), text);
  }

  test("finds the home where jf does", () => {
    const fileOf = (env: Record<string, string>) => openServerStore(env).file;
    assert.equal(fileOf({ JFROG_CLI_HOME_DIR: "/x", HOME: "/h" }), "/x/jfrog-cli.conf.v6");
    assert.equal(fileOf({ JFROG_CLI_HOME_DIR: "", HOME: "/h" }), "/h/.jfrog/jfrog-cli.conf.v6");
    assert.equal(fileOf({ USERPROFILE: "/u" }), "/u/.jfrog/jfrog-cli.conf.v6");
  });

  test("reads without a trace where there is nothing", async () => {
    assert.deepEqual(await read(), []);
    assert.deepEqual(await readdir(top), []);
  });

  test("keeps what is written to the user alone, whole, and leaves nothing beside it", async () => {
    await add(acme);
    assert.deepEqual(await read(), [acme]);
    assert.equal((await stat(home)).mode & 0o777, 0o700);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    await chmod(file, 0o644);
    await add({ serverId: "two" });
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(home)).sort(), ["jfrog-cli.conf.v6", "locks"]);
  });

  test("writes nothing where nothing is changed or the change fails", async () => {
    await put("jfrog-cli.conf.v6", '{"servers":[{"serverId":"a"}]}');
    await open().change((servers) => servers, forever);
    const failing = open().change(() => Promise.reject(new Error("no")), forever);
    await assert.rejects(failing, /^Error: no$/);
    await read(withKey);
    assert.equal(await readFile(file, "utf8"), '{"servers":[{"serverId":"a"}]}');
  });

  test("rehearses a change by writing what is there, and finds what keeps it from being stored", async () => {
    await add(acme);
    const before = await readFile(file, "utf8");
    const { ino } = await stat(file);
    await assert.rejects(
      open().change(async (_servers, rehearse) => {
        await rehearse();
        throw new Error("too late");
      }, forever),
      /too late/,
    );
    assert.equal(await readFile(file, "utf8"), before);
    assert.notEqual((await stat(file)).ino, ino);
    let isDone = false;
    const done = open({ JFROG_CLI_ENCRYPTION_KEY: "short" }).change(async (servers, rehearse) => {
      await rehearse();
      isDone = true;
      return servers;
    }, forever);
    await assert.rejects(done, (error) => isAppError(error, "jfrog-key-invalid"));
    assert.ok(!isDone);
  });

  test("loses nothing of many changes at once", async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `s${index}`);
    await Promise.all(ids.map((serverId) => add({ serverId })));
    assert.deepEqual((await read()).map(({ serverId }) => serverId).sort(), ids.sort());
  });

  test("writes through a link to the file, which stays one", async () => {
    await put("jfrog-cli.conf.v6", "");
    await rm(file);
    await symlink(join(top, "dotfile"), file);
    await writeFile(join(top, "dotfile"), '{"servers":[],"version":"6"}');
    await add(acme);
    assert.ok((await lstat(file)).isSymbolicLink());
    assert.match(await readFile(join(top, "dotfile"), "utf8"), /acme/);
  });

  test("encrypts with a key, each secret anew each time, and gives it back", async () => {
    const secrets = Object.fromEntries(secretFields.map((name) => [name, `canary-${name}`]));
    const server = { ...acme, ...secrets };
    await add(server, withKey);
    const first = JSON.parse(await readFile(file, "utf8"));
    assert.equal(first.enc, true);
    assert.ok(!JSON.stringify(first).includes("canary"));
    assert.deepEqual(await read(withKey), [server]);
    await add({ serverId: "two" }, withKey);
    const second = JSON.parse(await readFile(file, "utf8"));
    for (const name of secretFields) {
      assert.notEqual(second.servers[0][name], first.servers[0][name]);
    }
  });

  test("reads what jf encrypted", async () => {
    await put("jfrog-cli.conf.v6", {
      servers: [{ password: "AAECAwQFBgcICQoLnBqzv5YQOc/JegXPQ2Tjth9b4Tq7zwTw", serverId: "a" }],
      version: "6",
      enc: true,
    });
    assert.deepEqual(await read(withKey), [{ password: "password", serverId: "a" }]);
  });

  test("refuses encrypted secrets without the key, or with another one, and leaves the file", async () => {
    await add(acme, withKey);
    const before = await readFile(file, "utf8");
    await assert.rejects(read(), {
      code: "jfrog-key-missing",
      message: `The secrets in ${file} are encrypted, and there is no key`,
    });
    const other = { JFROG_CLI_ENCRYPTION_KEY: key.toUpperCase() };
    for (const attempt of [read(other), add({ serverId: "two" }, other)]) {
      await assert.rejects(attempt, {
        code: "jfrog-key-wrong",
        message: `Cannot decrypt servers[0].accessToken in ${file}: the key in ` +
          "JFROG_CLI_ENCRYPTION_KEY is not the one it was encrypted with, or the value is damaged",
      });
    }
    assert.equal(await readFile(file, "utf8"), before);
  });

  test("takes a key file away from no plain file that is only read", async () => {
    await add(acme);
    assert.deepEqual(await read({ JFROG_CLI_ENCRYPTION_KEY: "too short" }), [acme]);
    await assert.rejects(add({ serverId: "b" }, { JFROG_CLI_ENCRYPTION_KEY: "too short" }), {
      code: "jfrog-key-invalid",
    });
  });

  test("says which file it cannot read, and never replaces it", async () => {
    await put("jfrog-cli.conf.v6", "{");
    await assert.rejects(add(acme), { code: "jfrog-config-invalid" });
    assert.equal(await readFile(file, "utf8"), "{");
    await rm(file);
    await mkdir(file);
    await assert.rejects(read(), { message: `Cannot read ${file}: it is a folder` });
  });

  test("waits for a file that jf is just writing", async () => {
    await put("jfrog-cli.conf.v6", '{"servers":[{"serverId":"a"}');
    const reading = read();
    await writeFile(file, '{"servers":[{"serverId":"a"}]}');
    assert.deepEqual(await reading, [{ serverId: "a" }]);
  });

  test("migrates the newest of the older files, and leaves those as they were", async () => {
    const version5 = { servers: [{ refreshToken: "r", serverId: "five" }], version: "5" };
    await put("jfrog-cli.conf.v5", version5);
    await put("jfrog-cli.conf.v4", { artifactory: [{ serverId: "four" }], version: "4" });
    const migrated = [{ artifactoryRefreshToken: "r", serverId: "five" }];
    assert.deepEqual(await read(), migrated);
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), { servers: migrated, version: "6" });
    assert.deepEqual(JSON.parse(await readFile(join(home, "jfrog-cli.conf.v5"), "utf8")), version5);
  });

  test("encrypts nothing twice when it migrates an encrypted file", async () => {
    const stored = encryptSecret("canary", key);
    const version5 = { servers: [{ password: stored, serverId: "a" }], version: "5", enc: true };
    await put("jfrog-cli.conf.v5", version5);
    await assert.rejects(read(), { code: "jfrog-key-missing" });
    assert.ok(!(await readdir(home)).includes("jfrog-cli.conf.v6"));
    assert.deepEqual(await read(withKey), [{ password: "canary", serverId: "a" }]);
    assert.equal(JSON.parse(await readFile(file, "utf8")).enc, true);
    assert.deepEqual(await read(withKey), [{ password: "canary", serverId: "a" }]);
  });

  test("backs up the home and moves certificates for what is older than version 2", async () => {
    await put("jfrog-cli.conf", { artifactory: { url: "http://a/", password: "p" } });
    await mkdir(join(home, "security"));
    await mkdir(join(home, "logs"));
    await put("security/ca.pem", "certificate");
    await put("security/security.yaml", `masterKey: ${key}`);
    assert.equal((await read())[0]!.password, "p");
    assert.equal(await readFile(join(home, "security/certs/ca.pem"), "utf8"), "certificate");
    assert.deepEqual((await readdir(join(home, "security"))).sort(), ["certs", "security.yaml"]);
    const [backup] = await readdir(join(home, "backup"));
    assert.match(backup!, /^\.jfrog-\d{10}$/);
    assert.deepEqual((await readdir(join(home, "backup", backup!))).sort(), [
      "jfrog-cli.conf",
      "security",
    ]);
    assert.equal((await stat(join(home, "backup", backup!))).mode & 0o777, 0o700);
  });

  test("backs up an old version that has the new name before it is overwritten", async () => {
    const version4 = '{"artifactory":[{"url":"http://a/","serverId":"a"}],"version":"4"}';
    await put("jfrog-cli.conf.v6", version4);
    await add({ serverId: "b" });
    assert.deepEqual((await read()).map(({ serverId }) => serverId), ["a", "b"]);
    const [backup] = await readdir(join(home, "backup"));
    const kept = join(home, "backup", backup!, "jfrog-cli.conf.v6");
    assert.equal(await readFile(kept, "utf8"), version4);
  });

  test("gives back any servers, plain or encrypted, and those of versions 3 to 5 after migration", async () => {
    await mkdir(home);
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyServer, { maxLength: 3 }),
        fc.constantFrom(3, 4, 5, 6),
        fc.boolean(),
        async (servers, version, isEncrypted) => {
          await rm(home, { recursive: true });
          await mkdir(home);
          const env = isEncrypted ? withKey : {};
          if (version === 6) await open(env).change(() => servers, forever);
          else await put(`jfrog-cli.conf.v${Math.max(version, 4)}`, older(servers, version, env));
          const wanted = version === 6 ? servers : servers.map(migrated(version));
          assert.deepEqual((await read(env)).map(comparable), wanted.map(comparable));
          assert.deepEqual((await read(env)).map(comparable), wanted.map(comparable));
        },
      ),
      { numRuns: 50 },
    );
  });
});

/** A file of an older program with these servers. */
function older(servers: Server[], version: number, env: { JFROG_CLI_ENCRYPTION_KEY?: string }) {
  const secret = env.JFROG_CLI_ENCRYPTION_KEY;
  const stored = secret === undefined ? servers : servers.map((server) => {
    const sealed = { ...server };
    for (const name of secretFields) {
      if (server[name] !== undefined) sealed[name] = encryptSecret(server[name], secret);
    }
    return sealed;
  });
  const enc = secret === undefined ? {} : { enc: true };
  const list = version === 5 ? { servers: stored } : { artifactory: stored };
  return { ...list, version: String(version), ...enc };
}

/** What became of a server when fields were renamed: none of them over another. */
function migrated(version: number) {
  return (server: Server): Server => {
    const { refreshToken, url, ...rest } = server;
    const { artifactoryRefreshToken, artifactoryUrl } = rest;
    const isTaken = Boolean(artifactoryRefreshToken);
    return {
      ...rest,
      ...(refreshToken
        ? { [isTaken ? "refreshToken" : "artifactoryRefreshToken"]: refreshToken }
        : {}),
      ...(url === undefined
        ? {}
        : { [version === 5 || artifactoryUrl ? "url" : "artifactoryUrl"]: url }),
    };
  };
}
