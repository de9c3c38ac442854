import assert from "node:assert/strict";
import { test } from "node:test";
import type { Server } from "../../../src/jfrog/server.ts";
import { answerWith, type Misbehaviour, passwords } from "../../fakes/access_api.ts";
import { type AccessStage, shareAccessStage } from "../stage/access_stage.ts";
import { assertMatches } from "../stage/golden.ts";

const shared = shareAccessStage();
const file = "home/.jfrog/jfrog-cli.conf.v6";

/** Configures servers; in their fields URL is the stand-in's, and TOKEN admin's. */
function configure({ sandbox, api, admin }: AccessStage, ...servers: Server[]): void {
  const text = JSON.stringify({ servers, version: "6" })
    .replaceAll("URL", api.url).replaceAll("TOKEN", admin.value);
  sandbox.write(file, text);
}

const acme = { serverId: "acme", url: "URL", accessToken: "TOKEN", isDefault: true };

/** The output with what differs from run to run named. */
function named({ api }: AccessStage, text: string): string {
  return text.replaceAll(api.url, "URL").replaceAll(new URL(api.url).host, "HOST")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME");
}

const reached = `Server "acme" URL
  ok     connection: HOST is reached
  ok     tls: TLSv1.3, its certificate is trusted until TIME
  ok     service: Artifactory says OK
  ok     clock: the server's and this machine's agree
`;
const accepted = (user: string, by: string) =>
  `  ok     credentials: accepted: ${user}, by ${by}\n`;
const byToken = "access token, until TIME, scope applied-permissions/user";

/** What each version of Artifactory is told to lack. */
const versions = {
  "7.133.9": "",
  "7.68.0": "",
  "7.67.9": "; it revokes no token by its value",
  "7.38.9": "; it makes no reference tokens; tokens of a short life can't be revoked; " +
    "it revokes no token by its value",
};

for (const [version, lacks] of Object.entries(versions)) {
  test(
    `config check tells each step, at Artifactory ${version}`,
    shared.use(async (stage) => {
      stage.api.tokens.version = version;
      configure(stage, acme);
      for (const calledAs of ["jf", "hawser"]) {
        const { code, stdout, stderr } = await stage.call(["config", "check"], {
          calledAs,
          printsToken: false,
        });
        stage.api.tokens.version = version;
        const last = `  ok     version: Artifactory ${version}${lacks}\n`;
        assert.equal(named(stage, stdout), reached + accepted("admin", byToken) + last);
        assert.deepEqual([code, stderr], [0, ""]);
      }
      stage.api.tokens.version = "7.133.9";
    }),
  );
}

test(
  "config check -o json has it all",
  shared.use(async (stage) => {
    configure(stage, acme);
    const { code, stdout } = await stage.call(["config", "check", "acme", "-o", "json"]);
    assert.equal(code, 0);
    const { steps, expires_at, clock_difference_seconds, ...rest } = JSON.parse(stdout);
    assert.deepEqual(rest, {
      server: "acme",
      url: stage.api.url,
      ok: true,
      user: "admin",
      scope: "applied-permissions/user",
      version: "7.133.9",
    });
    assert.deepEqual(steps.map(({ step }: { step: string }) => step), [
      ...["connection", "tls", "service", "clock", "credentials", "version"],
    ]);
    assert.equal(Date.parse(expires_at), stage.admin.expiry! * 1000);
    assert.ok(Math.abs(clock_difference_seconds) <= 1);
  }),
);

test(
  "config check says whose any kind of credentials are",
  shared.use(async (stage) => {
    const reference = stage.api.tokens.make("bob", { include_reference_token: true });
    const short = stage.api.tokens.make("carol", { expires_in: 600 });
    const table: [Partial<Server>, string][] = [
      [{ user: "alice", password: passwords.alice }, accepted("alice", "password")],
      [{ accessToken: reference.reference! }, accepted("bob", byToken)],
      [{ accessToken: short.value }, accepted("carol", byToken)],
    ];
    for (const [credentials, line] of table) {
      configure(stage, { serverId: "acme", url: "URL", ...credentials });
      const { code, stdout, stderr } = await stage.call(["config", "check"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.ok(named(stage, stdout).includes(line), stdout);
    }
  }),
);

/** What goes wrong, the exit code, and the last step. */
interface Failure {
  name: string;
  server?: Partial<Server>;
  env?: Record<string, string>;
  misbehave?: Misbehaviour[];
  code: number;
  last: string;
}

const failures: Failure[] = [
  {
    name: "nothing listens",
    server: { url: "https://127.0.0.1:1/" },
    code: 8,
    last: "  FAILED connection: Cannot reach https://127.0.0.1:1: the connection was refused",
  },
  {
    name: "the certificate is not trusted",
    env: { JFROG_CLI_HOME_DIR: "other" },
    code: 8,
    last: "  FAILED tls: Cannot trust the server at https://HOST: its certificate is not trusted",
  },
  {
    name: "Artifactory starts",
    misbehave: [answerWith(503, "starting")],
    code: 8,
    last: "  FAILED service: [WILDCARD]/ping answered 503 Service Unavailable: starting",
  },
  {
    name: "a proxy's page comes in its place",
    misbehave: [answerWith(200, "<html><title>Sign in</title>")],
    code: 1,
    last: '  FAILED service: [WILDCARD] answered 200 OK: a page of HTML titled "Sign in"[WILDCARD]',
  },
  {
    name: "the token is wrong",
    server: { accessToken: "CanaryWrongToken01" },
    code: 4,
    last: "  FAILED credentials: [WILDCARD] answered 401 Unauthorized: Bad credentials",
  },
  {
    name: "Artifactory lets nobody in whom it does not know",
    misbehave: [answerWith(401, { errors: [{ status: 401, message: "Bad credentials" }] })],
    code: 4,
    last: "  FAILED credentials: [WILDCARD]/ping answered 401 Unauthorized: Bad credentials",
  },
  {
    name: "the credentials do not allow it",
    misbehave: [answerWith(200, "OK"), answerWith(403)],
    code: 4,
    last: "  FAILED credentials: [WILDCARD]/version answered 403 Forbidden",
  },
  {
    name: "there are no credentials",
    server: { accessToken: "" },
    code: 2,
    last: "  FAILED credentials: There are no credentials for URL",
  },
  {
    name: "there is no Artifactory",
    misbehave: [answerWith(200, "OK"), answerWith(404)],
    code: 6,
    last: "  FAILED credentials: [WILDCARD]/version answered 404 Not Found",
  },
];

for (const { name, server, env = {}, misbehave = [], code, last } of failures) {
  test(
    `config check ends at the step that fails: ${name}`,
    shared.use(async (stage) => {
      configure(stage, { ...acme, ...server });
      if ("JFROG_CLI_HOME_DIR" in env) {
        stage.sandbox.write("other/jfrog-cli.conf.v6", stage.sandbox.read(file));
      }
      stage.api.misbehave(...misbehave);
      const { code: ended, stdout, stderr } = await stage.call(["config", "check"], {
        env,
        printsToken: false,
      });
      assert.equal(ended, code, stderr);
      const shown = named(stage, stdout).trimEnd().split("\n").at(-1)!;
      assertMatches(shown, last);
      const error = /^error: (.*)$/m.exec(named(stage, stderr))![1]!;
      assert.ok(shown.endsWith(error), stderr);
    }),
  );
}

test(
  "config check warns of a clock that is wrong",
  shared.use(async (stage) => {
    configure(stage, acme);
    const now = Date.now();
    for (const [seconds, word] of [[7200, "ahead of"], [-7200, "behind"]] as const) {
      const date = new Date(now + seconds * 1000).toUTCString();
      stage.api.misbehave(answerWith(200, "OK", { date }));
      const { code, stdout, stderr } = await stage.call(["config", "check"]);
      assert.equal(code, 0);
      const said = new RegExp(`the server's is 7(199|20\\d) s ${word} this machine's`);
      assert.match(stdout, new RegExp(`  ok     clock: ${said.source}\\n`));
      assert.match(stderr, new RegExp(`^warning: Of the clocks one is wrong: ${said.source}\\.`));
    }
  }),
);

test(
  "config check refreshes a token that ends soon, as the commands do",
  shared.use(async (stage) => {
    const old = stage.api.tokens.make("alice", { expires_in: 60, refreshable: true });
    configure(stage, { ...acme, accessToken: old.value, refreshToken: old.refresh! });
    const { code, stdout } = await stage.call(["config", "check"]);
    assert.equal(code, 0);
    assert.ok(named(stage, stdout).includes("accepted: alice, by access token"), stdout);
    assert.ok(!stage.api.tokens.all.includes(old));
  }),
);

test(
  "config check of a server that hangs ends in time",
  shared.use(async (stage) => {
    configure(stage, acme);
    stage.api.misbehave(() => {});
    const { code, stdout, stderr } = await stage.call(["config", "check", "--timeout", "500ms"]);
    assert.equal(code, 124);
    assert.match(named(stage, stdout), /tls: [^\n]*\n$/);
    assert.match(stderr, /^error: Timed out after 500ms waiting for the answer of .*\/ping/);
  }),
);

test(
  "config check needs a server",
  shared.use(async (stage) => {
    configure(stage);
    assert.equal((await stage.call(["config", "check"])).code, 3);
    assert.equal((await stage.call(["config", "check", "nowhere"])).code, 6);
  }),
);

test("what was printed and left behind holds no secret", shared.end);
