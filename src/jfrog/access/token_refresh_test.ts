import assert from "node:assert/strict";
import { test } from "node:test";
import { makeJwt } from "../../../test/fakes/access_rules.ts";
import {
  type AccessApi,
  answerWith,
  hangUp,
  startAccessApi,
} from "../../../test/fakes/access_api.ts";
import {
  makeSurroundings,
  type TestSurroundings,
} from "../../../test/fakes/access_surroundings.ts";
import { appError, isAppError } from "../../errors/app_error.ts";
import { startDeadline } from "../../wait/deadline.ts";
import { openServerStore } from "../config/store.ts";
import type { Server, ServerStore } from "../server.ts";
import type { ChosenServer } from "./server_choice.ts";
import { refreshConfigured, withFreshToken } from "./token_refresh.ts";

const { signal } = new AbortController();

interface Stage {
  api: AccessApi;
  surroundings: TestSurroundings;
  store: ServerStore;
  /** Stores one server, with a token that has so many minutes left of its life. */
  configure(leftMinutes: number, lifeMinutes: number, change?: Partial<Server>): Promise<Server>;
  /** The token that a request would be made with. */
  freshen(server: Server): Promise<string>;
}

function onStage(body: (stage: Stage) => Promise<void>) {
  return async () => {
    const api = await startAccessApi();
    const surroundings = makeSurroundings(api.ca);
    const store = openServerStore({ JFROG_CLI_HOME_DIR: surroundings.home });
    const other = { serverId: "other", url: "https://other.example/", accessToken: "O" };
    try {
      await body({
        api,
        surroundings,
        store,
        async configure(leftMinutes, lifeMinutes, change = {}) {
          const made = api.tokens.make("alice", { refreshable: true });
          const exp = Math.floor(Date.now() / 1000) + leftMinutes * 60 + 30;
          const claims = {
            sub: made.subject,
            jti: made.token_id,
            exp,
            iat: exp - lifeMinutes * 60,
          };
          made.value = makeJwt(claims);
          const server: Server = {
            serverId: "acme",
            url: api.url,
            accessToken: made.value,
            refreshToken: made.refresh!,
            ...change,
          };
          await store.change(() => [server, other], signal);
          return server;
        },
        async freshen(server) {
          const chosen = chosenOf(server);
          const fresh = await withFreshToken(chosen, store, surroundings, deadline());
          return (fresh.credentials as { accessToken: string }).accessToken; // as chosenOf made them
        },
      });
      const rest = (await store.read(signal)).find(({ serverId }) => serverId === "other");
      assert.deepEqual(rest, other);
    } finally {
      await api.close();
      surroundings.remove();
    }
  };
}

function chosenOf(server: Server): ChosenServer {
  const credentials = { accessToken: server.accessToken! };
  return { url: server.url!, credentials, configured: server, identity: "alice" };
}

function deadline() {
  return startDeadline(5000, signal);
}

test(
  "withFreshToken() refreshes when jf does",
  onStage(async ({ configure, freshen, api }) => {
    const table: [left: number, life: number, refreshes: boolean][] = [
      [29, 60, true],
      [31, 60, false],
      [59, 600, true],
      [61, 600, false],
      [10_079, 525_600, true],
      [10_081, 525_600, false],
      [-5, 60, true],
    ];
    for (const [left, life, refreshes] of table) {
      const server = await configure(left, life);
      const before = api.calls.length;
      const isNew = await freshen(server) !== server.accessToken;
      assert.equal(isNew, refreshes, `${left} of ${life} minutes`);
      assert.equal(api.calls.length - before, refreshes ? 1 : 0);
    }
  }),
);

test(
  "withFreshToken() leaves alone what can't be refreshed, or is not to be",
  onStage(async ({ configure, freshen, api }) => {
    const reference = await configure(1, 60, { accessToken: "cmVmdGtuOreference" });
    assert.equal(await freshen(reference), "cmVmdGtuOreference");
    const endless = await configure(1, 60, { accessToken: makeJwt({ sub: "a" }) });
    assert.equal(await freshen(endless), endless.accessToken);
    for (const change of [{ disableTokenRefresh: true }, { refreshToken: "" }]) {
      const server = await configure(1, 60, change);
      assert.equal(await freshen(server), server.accessToken);
    }
    assert.equal(api.calls.length, 0);
  }),
);

test(
  "withFreshToken() sends jf's request, and stores both new tokens",
  onStage(async ({ configure, freshen, api, store }) => {
    const server = await configure(5, 60);
    const token = await freshen(server);
    const [{ body, headers } = assert.fail()] = api.calls;
    assert.equal(headers.authorization, `Bearer ${server.accessToken}`);
    assert.deepEqual(body, {
      access_token: server.accessToken,
      refreshable: true,
      refresh_token: server.refreshToken,
      grant_type: "refresh_token",
    });
    const [stored] = await store.read(signal);
    assert.equal(stored!.accessToken, token);
    assert.notEqual(stored!.refreshToken, server.refreshToken);
    assert.equal(stored!.serverId, "acme");
  }),
);

test(
  "withFreshToken() uses a refresh token once, however many come at once",
  onStage(async ({ configure, freshen, api }) => {
    const server = await configure(5, 60);
    const tokens = await Promise.all(Array.from({ length: 5 }, () => freshen(server)));
    assert.equal(new Set(tokens).size, 1);
    assert.equal(api.calls.length, 1);
  }),
);

test(
  "withFreshToken() goes on with a token that is good, and fails with one that is not",
  onStage(async ({ configure, freshen, api, surroundings }) => {
    const good = await configure(5, 60);
    for (const behaviour of [hangUp, answerWith(404, { errors: [{ message: "not found" }] })]) {
      api.misbehave(behaviour);
      assert.equal(await freshen(good), good.accessToken);
    }
    const warnings = surroundings.told.filter((line) => line.startsWith("warning"));
    assert.match(warnings[0]!, /could not be refreshed.*The answer of .* was lost/);
    assert.match(
      warnings[1]!,
      /could not be refreshed.*not found. Server "acme" needs a new token/,
    );
    const expired = await configure(-5, 60);
    api.misbehave(answerWith(403, ""));
    await assert.rejects(freshen(expired), (error) => isAppError(error, "access-refused"));
  }),
);

test(
  "withFreshToken() keeps the old refresh token where no new one comes",
  onStage(async ({ configure, freshen, api, store }) => {
    const server = await configure(5, 60);
    api.misbehave(answerWith(200, { access_token: "NEW" }));
    assert.equal(await freshen(server), "NEW");
    assert.equal((await store.read(signal))[0]!.refreshToken, server.refreshToken);
  }),
);

test(
  "withFreshToken() uses new tokens that can't be stored, and says so",
  onStage(async ({ configure, api, store, surroundings }) => {
    const server = await configure(5, 60);
    const full: ServerStore = {
      ...store,
      async change(change, signal) {
        await change(await store.read(signal), () => Promise.resolve());
        throw appError("not-writable", { path: "conf", why: "the disk is full" });
      },
    };
    const fresh = await withFreshToken(chosenOf(server), full, surroundings, deadline());
    assert.notDeepEqual(fresh.credentials, { accessToken: server.accessToken });
    assert.ok(
      surroundings.told.some((line) =>
        /^warning: .*not be stored.*disk is full. Server "acme" needs a new token/.test(line)
      ),
    );
    assert.equal(api.calls.length, 1);
  }),
);

test(
  "withFreshToken() uses up no refresh token where the new one could not be stored",
  onStage(async ({ configure, api, surroundings }) => {
    const env = { JFROG_CLI_HOME_DIR: surroundings.home, JFROG_CLI_ENCRYPTION_KEY: "too short" };
    const broken = openServerStore(env);
    const good = chosenOf(await configure(5, 60));
    const fresh = await withFreshToken(good, broken, surroundings, deadline());
    assert.deepEqual(fresh.credentials, good.credentials);
    assert.match(surroundings.told.at(-1)!, /^warning: .*could not be refreshed.*exactly 32 bytes/);
    const expired = chosenOf(await configure(-5, 60));
    await assert.rejects(
      withFreshToken(expired, broken, surroundings, deadline()),
      (error) => isAppError(error, "jfrog-key-invalid"),
    );
    assert.equal(api.calls.length, 0);
  }),
);

test(
  "withFreshToken() asks Artifactory where it made the tokens",
  onStage(async ({ configure, freshen, api, store }) => {
    const change = { refreshToken: "", artifactoryRefreshToken: "R", artifactoryUrl: "" };
    api.misbehave(answerWith(200, { access_token: "NEW", refresh_token: "R2" }));
    assert.equal(await freshen(await configure(9, 60, change)), "NEW");
    const late = await configure(11, 60, change);
    assert.equal(await freshen(late), late.accessToken);
    const [{ path, text, headers } = assert.fail(), ...others] = api.calls;
    assert.equal(others.length, 0);
    assert.equal(path, "/artifactory/api/security/token");
    assert.match(text, /^grant_type=refresh_token&refresh_token=R&access_token=eyJ/);
    assert.equal(headers["content-type"], "application/x-www-form-urlencoded");
    assert.equal(headers.authorization, undefined);
    assert.equal((await store.read(signal))[0]!.artifactoryRefreshToken, "R");
  }),
);

test(
  "refreshConfigured() takes what another process has made, and needs a refresh token",
  onStage(async ({ configure, api, store, surroundings }) => {
    const server = await configure(5, 60);
    const other = await refreshConfigured(
      chosenOf(server),
      store,
      surroundings,
      deadline(),
      "an older one",
    );
    assert.deepEqual(other, { serverId: "acme", accessToken: server.accessToken, byUs: false });
    const bare = await configure(5, 60, { refreshToken: "" });
    await assert.rejects(
      refreshConfigured(chosenOf(bare), store, surroundings, deadline(), bare.accessToken!),
      (error) => isAppError(error, "refresh-token-missing"),
    );
    assert.equal(api.calls.length, 0);
  }),
);

test(
  "refreshConfigured() refreshes for whoever asks, and says what is to be done where the server knows no such token",
  onStage(async ({ configure, api, store, surroundings }) => {
    const server = await configure(50, 60, { disableTokenRefresh: true });
    const refresh = () =>
      refreshConfigured(
        chosenOf(server),
        store,
        surroundings,
        deadline(),
        server.accessToken!,
      );
    assert.equal((await refresh()).byUs, true);
    await store.change(
      (servers) => servers.map((one) => one.serverId === "acme" ? server : one),
      signal,
    );
    await assert.rejects(
      refresh(),
      (error) =>
        isAppError(error, "access-not-found") &&
        /config edit/.test(error.hint({ program: "jf", command: String, commandForAll: String })!),
    );
    assert.equal(api.calls.length, 2);
  }),
);
