import assert from "node:assert/strict";
import * as fs from "node:fs";
import process from "node:process";
import { test } from "node:test";
import type { Server } from "../../../src/jfrog/server.ts";
import { answerWith } from "../../fakes/access_api.ts";
import { makeJwt } from "../../fakes/access_rules.ts";
import { type AccessCase, type AccessStage, shareAccessStage } from "../stage/access_stage.ts";
import { eventually } from "../stage/eventually.ts";

const server = ["--url", "URL", "--access-token-stdin"];
const exchange = '{"grant_type":"urn:ietf:params:oauth:grant-type:token-exchange",' +
  '"subject_token_type":"urn:ietf:params:oauth:token-type:id_token","subject_token":"ID_TOKEN",' +
  '"provider_name":"github",';
const oidc = "POST /access/api/v1/oidc/token";

const cases: AccessCase[] = [
  {
    name: "eot exchanges an id token named by arguments",
    calledAs: "jf",
    args: ["eot", "github", "ID_TOKEN", "--url=URL"],
    sent: [`${oidc} | nobody | ${exchange}"provider_type":"GitHub"}`],
    stdout: '{\n  "AccessToken": "TOKEN",\n  "Username": "alice"\n}\n',
  },
  {
    name: "eot takes the form that jf documents, and what the environment says",
    args: ["exchange-oidc-token", "--oidc-provider-name=github", "--url=URL", "--format=table"],
    env: {
      JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: "ID_TOKEN",
      JFROG_CLI_OIDC_PROVIDER_TYPE: "azure",
      JFROG_CLI_CI_JOB_ID: "job",
      JFROG_CLI_ACCESS_TOKEN: "ADMIN",
    },
    sent: [`${oidc} | Bearer admin | ${exchange}"job_id":"job","provider_type":"Azure"}`],
    stdout: `FIELD              VALUE
access_token       TOKEN40...
username           alice
issued_token_type  urn:ietf:params:oauth:token-type:access_token
scope              applied-permissions/user
token_type         Bearer
`,
  },
  {
    name: "eot warns of an id token among the arguments",
    args: ["eot", "github", "ID_TOKEN", "--url=URL", "--project=p", "-o", "json"],
    sent: [`${oidc} | nobody | ${exchange}"project_key":"p","provider_type":"GitHub"}`],
    stdout: '{\n  "AccessToken": "TOKEN",\n  "Username": "alice"\n}\n',
    stderr: ['{"warning":"Others on this machine can see the id token; [WILDCARD]'],
  },
  {
    name: "eot tells why an exchange is refused",
    args: ["eot", "none", "--url=URL"],
    env: { JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: "ID_TOKEN" },
    sent: [`${oidc} | nobody | ${exchange.replace("github", "none")}"provider_type":"GitHub"}`],
    code: 2,
    stderr: [
      "error: URL/access/api/v1/oidc/token answered 400 Bad Request: No identity mapping matched",
    ],
  },
  {
    name: "eot needs a provider",
    args: ["eot", "--url=URL"],
    code: 2,
    stderr: ["error: No OIDC provider is named", "hint: [WILDCARD]"],
  },
  {
    name: "eot needs an id token",
    args: ["eot", "github", "--url=URL"],
    code: 2,
    stderr: ["error: There is no id token to exchange", "hint: [WILDCARD]"],
  },
  {
    name: "eot knows three kinds of provider",
    args: ["eot", "github", "--oidc-provider-type=gitlab"],
    code: 2,
    stderr: [
      'error: Invalid value "gitlab" for --oidc-provider-type: it must be one of [WILDCARD]',
    ],
  },
  {
    name: "access-token list asks for what is wanted",
    args: [
      ...["access-token", "list", ...server, "--description", "a b*", "--username=bob"],
      ...["--refreshable=false", "--order-by", "created", "--descending"],
    ],
    stdin: "ADMIN",
    sent: [
      "GET /access/api/v1/tokens?description=a+b*&username=bob&refreshable=false&order_by=created" +
      "&descending_order=true | Bearer admin",
    ],
    stdout: "There are no such access tokens.\n",
  },
  {
    name: "access-token show says what there is not",
    args: ["access-token", "show", "gone", ...server],
    stdin: "ADMIN",
    sent: ["GET /access/api/v1/tokens/gone | Bearer admin"],
    code: 6,
    stderr: [
      "error: URL/access/api/v1/tokens/gone answered 404 Not Found: Token with id: gone not found",
    ],
  },
  ...["", ".", "..", "a/../b", "my secret"].map((id) => ({
    name: `access-token revoke takes "${id}" for no id`,
    args: ["access-token", "revoke", id, ...server],
    stdin: "ADMIN",
    code: 2,
    stderr: [
      'error: Invalid value "…" for the id: it must be a token_id, me, or a whole token with nothing around it',
    ],
  })),
  {
    name: "access-token revoke says that a token is not there",
    args: ["access-token", "revoke", "gone", ...server],
    stdin: "ADMIN",
    sent: ["DELETE /access/api/v1/tokens/gone | Bearer admin"],
    code: 6,
    stderr: [
      'error: Access token "gone" is not there: revoked already, or never kept by the server',
      "hint: hawser access-token list",
    ],
  },
  {
    name: "access-token revoke --quiet is content with a token that is not there",
    args: ["access-token", "revoke", "gone", "--quiet", ...server],
    stdin: "ADMIN",
    sent: ["DELETE /access/api/v1/tokens/gone | Bearer admin"],
    stderr: [
      'warning: Access token "gone" is not there: revoked already, or never kept by the server: ' +
      "nothing is left to do",
    ],
  },
  {
    name: "access-token refresh needs a refresh token",
    args: ["access-token", "refresh"],
    config: [{ url: "URL/", accessToken: "ADMIN", serverId: "acme" }],
    code: 3,
    stderr: ['error: Server "acme" is configured without a refresh token', "hint: [WILDCARD]"],
  },
];

const shared = shareAccessStage();

for (const one of cases) test(one.name, shared.use((stage) => stage.play(one)));

test(
  "a token is made, listed, shown and revoked, once and again",
  shared.use(async (stage) => {
    const { api, admin } = stage;
    const call = async (...args: string[]) => {
      const options = { stdin: admin.value };
      const { code, stdout, stderr } = await stage.call([...args, ...server], options);
      assert.deepEqual([code, stderr], [0, ""]);
      return stdout;
    };
    const words = ["--description", "for a test", "--refreshable", "-o", "json"];
    const { token_id: id } = JSON.parse(await call("atc", "bob", ...words));
    const list = await call("access-token", "list", "--username", "bob");
    assert.match(list, /^ID +USER +ISSUED +EXPIRES +REFRESHABLE +SCOPE +DESCRIPTION\n/);
    assert.match(list, new RegExp(`\n${id}  bob   20.*Z  20.*Z  yes  .*  for a test\n$`));
    const { tokens } = JSON.parse(
      await call("access-token", "list", "--username", "bob", "-o", "json"),
    );
    assert.equal(tokens[0].token_id, id);
    assert.match(tokens[0].expires_at, /^20.*Z$/);
    assert.match(
      await call("access-token", "show", id),
      /\nUser: +bob\n[^]*\nDescription: +for a test\n/,
    );
    assert.match(await call("access-token", "show", "me"), /\nUser: +admin\n/);
    assert.equal(await call("access-token", "revoke", id), `Access token "${id}" is revoked.\n`);
    const again = ["access-token", "revoke", id, "--quiet", ...server];
    assert.equal((await stage.call(again, { stdin: admin.value })).code, 0);
    assert.ok(!api.tokens.all.some(({ token_id }) => token_id === id));
  }),
);

test(
  "access-token list and show take whatever a server sends, and let none of it steer the terminal",
  shared.use(async (stage) => {
    const { api, admin } = stage;
    const token = { token_id: "a", subject: 7, description: 5, scope: "\x1b[2J\n", expiry: 1e99 };
    api.misbehave(answerWith(200, { tokens: [token] }), answerWith(200, token));
    const call = async (...args: string[]) =>
      (await stage.call(["access-token", ...args, ...server], { stdin: admin.value })).stdout;
    assert.match(await call("list"), /\na +7 +never +no +\\x1b\[2J\\n +5\n$/);
    assert.match(await call("show", "a"), /\nScope: +\\x1b\[2J\\n\nDescription: +5\n$/);
  }),
);

test(
  "eot takes the application's key from the project's file, and tells what is wrong with that",
  shared.use(async (stage) => {
    const { sandbox, api } = stage;
    const folder = `${sandbox.folder}/project`;
    const env = { JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: "ID_TOKEN" };
    const args = ["eot", "github", "--url=URL"];
    sandbox.write("project/.jfrog/config.yml", "application:\n  key: app-1\n");
    assert.equal((await stage.call(args, { env, cwd: folder })).code, 0);
    assert.match(api.calls.at(-1)!.text, /"provider_type":"GitHub","application_key":"app-1"}$/);
    sandbox.write("project/.jfrog/config.yml", "application: [\n");
    const from = api.calls.length;
    const { code, stderr } = await stage.call(args, { env, cwd: folder });
    assert.equal(code, 2);
    assert.match(stderr, /^error: Invalid resource in \.jfrog\/config\.yml: /);
    assert.equal(api.calls.length, from);
  }),
);

test(
  "a token of a short life is revoked only if that was asked for",
  shared.use(async (stage) => {
    const make = async (...more: string[]) => {
      const args = ["atc", ...server, "--expiry=1h", "-o", "json", ...more];
      return JSON.parse((await stage.call(args, { stdin: stage.admin.value })).stdout).token_id;
    };
    const revoke = async (id: string) =>
      await stage.call(["access-token", "revoke", id, ...server], { stdin: stage.admin.value });
    const { code, stderr } = await revoke(await make());
    assert.equal(code, 2);
    assert.match(stderr, /Token not revocable; Its expiry is below the threshold/);
    assert.equal((await revoke(await make("--force-revocable"))).code, 0);
  }),
);

const file = "home/.jfrog/jfrog-cli.conf.v6";

function configure(stage: AccessStage, leftMinutes: number): Server {
  const made = stage.api.tokens.make("alice", { refreshable: true });
  const exp = Math.floor(Date.now() / 1000) + leftMinutes * 60;
  made.value = makeJwt({ sub: made.subject, jti: made.token_id, exp, iat: exp - 3600 });
  const server: Server = {
    url: stage.api.url,
    accessToken: made.value,
    refreshToken: made.refresh!,
    serverId: "acme",
  };
  stage.sandbox.secrets.push(server.accessToken!, server.refreshToken!);
  stage.sandbox.write(file, JSON.stringify({ servers: [server], version: "6" }));
  return server;
}

function stored(stage: AccessStage): Server {
  return JSON.parse(stage.sandbox.read(file)).servers[0];
}

test(
  "a token about to expire is refreshed once before it is used, by two at once",
  shared.use(async (stage) => {
    const before = configure(stage, 5);
    const { api } = stage;
    const from = api.calls.length;
    const outcomes = await Promise.all([stage.call(["atc"]), stage.call(["atc"])]);
    for (const { code, stderr } of outcomes) assert.deepEqual([code, stderr], [0, ""]);
    const refreshes = api.calls.slice(from).filter(({ text }) => text.includes('"grant_type"'));
    assert.equal(refreshes.length, 1);
    assert.notEqual(stored(stage).accessToken, before.accessToken);
    assert.notEqual(stored(stage).refreshToken, before.refreshToken);
    const used = api.calls.at(-1)!.headers.authorization;
    assert.equal(used, `Bearer ${stored(stage).accessToken}`);
  }),
);

test(
  "access-token refresh stores what it is given, or prints it for a token on stdin",
  shared.use(async (stage) => {
    const before = configure(stage, 50);
    const { code, stdout } = await stage.call(["access-token", "refresh", "-o", "json"], {
      printsToken: false,
    });
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), { serverId: "acme", byUs: true });
    const after = stored(stage);
    assert.notEqual(after.accessToken, before.accessToken);
    const printed = await stage.call(["access-token", "refresh", "--refresh-token-stdin"], {
      stdin: after.refreshToken!,
    });
    assert.match(JSON.parse(printed.stdout).access_token, /^eyJ/);
    const again = await stage.call(["access-token", "refresh"]);
    assert.equal(again.code, 6);
    assert.match(again.stderr, /Token matching the provided refresh token was not found/);
  }),
);

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(
    `${signal} while an answer is awaited says that a token may exist`,
    shared.use(async (stage) => {
      const { api, sandbox } = stage;
      const from = api.calls.length;
      api.misbehave(() => {}); // never answers
      const args = ["atc", "--url", api.url, "--access-token-stdin"];
      const running = sandbox.start(args, { stdin: stage.admin.value, calledAs: "jf" });
      const { pid } = running.process;
      await eventually(() => api.calls.length > from);
      const cmdline = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
      process.kill(pid!, signal);
      const outcome = await running.ended;
      assert.equal(outcome.code, code);
      assert.match(
        outcome.stderr,
        /^warning: .*a token may exist.*\nerror: (Interrupted|Terminated)\n$/,
      );
      assert.equal(outcome.stdout, "");
      assert.ok(!cmdline.includes(stage.admin.value));
      assert.equal(children, "");
    }),
  );
}

test(
  "a token that is refused before its time, by this clock, can be refreshed, and that is said",
  shared.use(async ({ sandbox, api, call }) => {
    const year = 31_536_000;
    const now = Math.floor(Date.now() / 1000);
    const accessToken = makeJwt({ sub: "jfac@1/users/admin", iat: now, exp: now + year, jti: "r" });
    const { refresh: refreshToken } = api.tokens.make("admin", { refreshable: true });
    const server = { serverId: "d", url: api.url, accessToken, refreshToken, isDefault: true };
    sandbox.write(
      "home/.jfrog/jfrog-cli.conf.v6",
      JSON.stringify({ servers: [server], version: "6" }),
    );
    sandbox.secrets.push(accessToken);
    const { code, stderr } = await call(["atc"]);
    assert.equal(code, 4);
    const [, command] = /\nhint: .* was revoked\. A new one: hawser (.*)\n$/.exec(stderr) ?? [];
    assert.equal(command, 'access-token refresh --server-id "d"');
    assert.equal((await call(command.replaceAll('"', "").split(" "))).code, 0);
    assert.equal((await call(["atc"])).code, 0);
  }),
);

test(
  "a token that nobody takes is told, with how to revoke it",
  shared.use(async (stage) => {
    const { api, sandbox } = stage;
    const args = ["atc", "--url", api.url, "--access-token-stdin"];
    api.misbehave((_call, response) => {
      running.process.stdout!.destroy();
      running.process.stdout!.on("close", () => {
        response.end(JSON.stringify({ access_token: "t", token_id: "the-id" }));
      });
    });
    const running = sandbox.start(args, { stdin: stage.admin.value });
    const { code, stderr } = await running.ended;
    assert.match(
      stderr,
      /^warning: A token was made, and could not be printed: hawser access-token revoke the-id --url https:\S+ revokes it\nerror: Cannot write standard output: /,
    );
    assert.equal(code, 1);
    const env = { JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: "ID_TOKEN" };
    const line = `hawser eot github --url ${api.url} > /dev/full`;
    const full = await sandbox.run("bash", ["-c", line], { env });
    // the answer names no id, and the token does
    assert.match(
      full.stderr,
      /^warning: A token was made, .*: hawser access-token revoke [0-9a-f-]{36} --url https:\S+ revokes it\n/,
    );
    assert.equal(full.code, 1);
  }),
);

test(
  "Ctrl-C while it is to come again says nothing of a token",
  shared.use(async (stage) => {
    const { api, sandbox } = stage;
    api.misbehave(answerWith(503, "", { "retry-after": "30" }));
    const args = ["atc", "--url", api.url, "--access-token-stdin"];
    const running = sandbox.start(args, { stdin: stage.admin.value });
    await new Promise<void>((resolve) => {
      running.process.stderr!.on("data", (text: string) => text.includes("again in") && resolve());
    });
    process.kill(running.process.pid!, "SIGINT");
    const outcome = await running.ended;
    assert.equal(outcome.code, 130);
    assert.doesNotMatch(outcome.stderr, /a token may exist/);
  }),
);

test("what was printed and left behind holds no secret", shared.end);
