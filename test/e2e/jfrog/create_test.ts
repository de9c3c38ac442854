import assert from "node:assert/strict";
import { test } from "node:test";
import { answerWith, passwords } from "../../fakes/access_api.ts";
import { type AccessCase, shareAccessStage } from "../stage/access_stage.ts";

const path = "POST /access/api/v1/tokens";
const plain = '{"refreshable":false,"include_reference_token":false}';
const server = ["--url", "URL", "--access-token-stdin"];
const acme = {
  url: "URL/",
  accessToken: "ADMIN",
  user: "Admin",
  serverId: "acme",
  isDefault: true,
};
const made = `{
  "scope": "applied-permissions/user",
  "access_token": "TOKEN",
  "expires_in": 31536000,
  "token_type": "Bearer",
  "token_id": "ID"
}
`;

/** Characters that take two units of UTF-16, and four bytes. */
const longText = "🚀".repeat(1024);
const longScope = "applied-permissions/groups:".padEnd(500, "g");

const cases: AccessCase[] = [
  {
    name: "as the documentation of jf has it",
    calledAs: "jf",
    args: [
      ...["atc", "commander-will-riker", "--url=URL", "--access-token=ADMIN"],
      ...["--scope=applied-permissions/groups:readers,riker-group", "--reference=true"],
      ...["--expiry=31556952", "--description=Token for Riker-group. Owner topdog@riker.com"],
    ],
    sent: [
      `${path} | Bearer admin | {"scope":"applied-permissions/groups:readers,riker-group",` +
      '"expires_in":31556952,"refreshable":false,"include_reference_token":true,' +
      '"username":"commander-will-riker",' +
      '"description":"Token for Riker-group. Owner topdog@riker.com"}',
    ],
    stdout: `{
  "scope": "applied-permissions/groups:readers,riker-group",
  "access_token": "TOKEN",
  "expires_in": 31556952,
  "token_type": "Bearer",
  "reference_token": "REFERENCE",
  "token_id": "ID"
}
`,
  },
  {
    name: "with one dash, called as jf",
    calledAs: "jf",
    args: ["access-token-create", "-url", "URL", "-access-token", "ADMIN", "-refreshable=F"],
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: made,
  },
  {
    name: "with options before and after the username, and switches between",
    args: ["atc", "--refreshable", "Alice", "--expiry=43200", ...server, "--grant-admin"],
    stdin: "ADMIN\n",
    sent: [
      `${path} | Bearer admin | {"scope":"applied-permissions/admin","expires_in":43200,` +
      '"refreshable":true,"include_reference_token":false,"username":"alice"}',
    ],
    stdout: `{
  "scope": "applied-permissions/admin",
  "access_token": "TOKEN",
  "expires_in": 43200,
  "token_type": "Bearer",
  "refresh_token": "REFRESH",
  "token_id": "ID"
}
`,
  },
  {
    name: "with every field, a duration, and groups that must be quoted",
    args: [
      ...["atc", "", ...server, "--groups", 'readers,group 2,"a,b"', "--project", "p"],
      ...["--expiry", "24h", "--description", "<&>", "--audience", "jfrt@* jfxr@*"],
      "--force-revocable",
    ],
    stdin: "ADMIN",
    sent: [
      `${path} | Bearer admin | {"scope":"applied-permissions/groups:readers,\\"group 2\\",\\"a,b\\"",` +
      '"expires_in":86400,"refreshable":false,"audience":"jfrt@* jfxr@*",' +
      '"include_reference_token":false,"project_key":"p","description":"\\u003c\\u0026\\u003e",' +
      '"force_revocable":true}',
    ],
    stdout:
      '{\n  "scope": "applied-permissions/groups:readers,\\"group 2\\",\\"a,b\\"",[WILDCARD]}\n',
  },
  {
    name: "with as long a description and scope as there may be",
    args: ["atc", ...server, "--scope", longScope, "--description", longText],
    stdin: "ADMIN",
    sent: [
      `${path} | Bearer admin | {"scope":"${longScope}","refreshable":false,` +
      `"include_reference_token":false,"description":"${longText}"}`,
    ],
    stdout: made.replace("applied-permissions/user", longScope),
  },
  {
    name: "without end",
    args: ["atc", ...server, "--expiry", "0"],
    stdin: "ADMIN",
    sent: [
      `${path} | Bearer admin | {"expires_in":0,"refreshable":false,"include_reference_token":false}`,
    ],
    stdout: made.replace('  "expires_in": 31536000,\n', ""),
  },
  {
    name: "as a table, with numbers that stay numbers",
    args: ["atc", ...server, "--format=TABLE"],
    stdin: "ADMIN",
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: `FIELD         VALUE
access_token  TOKEN40...
token_id      ID
expires_in    31536000
scope         applied-permissions/user
token_type    Bearer
`,
  },
  {
    name: "with -o json, and the time it expires at",
    args: ["atc", ...server, "-o", "json"],
    stdin: "ADMIN",
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: made.replace('"ID"\n', '"ID",\n  "expires_at": "20[WILDCARD]Z"\n'),
  },
  {
    name: "with -o yaml",
    args: ["atc", ...server, "-o", "yaml"],
    stdin: "ADMIN",
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout:
      "scope: applied-permissions/user\naccess_token: TOKEN\n[WILDCARD]expires_at: [WILDCARD]\n",
  },
  {
    name: "with user and password, and the user's name in it",
    args: ["atc", "--url", "URL", "--user", "alice", "--password-stdin"],
    stdin: "CanaryAlicePassword1\n",
    sent: [
      `${path} | Basic ${btoa("alice:CanaryAlicePassword1")} | ` +
      '{"refreshable":false,"include_reference_token":false,"username":"alice"}',
    ],
    stdout: made,
  },
  {
    name: "at the default server, for its user",
    args: ["atc"],
    config: [{ ...acme, isDefault: false, serverId: "other", url: "https://127.0.0.1:1/" }, acme],
    sent: [
      `${path} | Bearer admin | {"refreshable":false,"include_reference_token":false,"username":"admin"}`,
    ],
    stdout: made,
  },
  {
    name: "at the server named, which --verbose says",
    args: ["atc", "x", "--server-id=acme", "--verbose"],
    env: { JFROG_CLI_URL: "https://127.0.0.1:1/", JFROG_CLI_ACCESS_TOKEN: "other" },
    config: [acme, { serverId: "other", isDefault: true }],
    sent: [
      `${path} | Bearer admin | {"refreshable":false,"include_reference_token":false,"username":"x"}`,
    ],
    stdout: made,
    stderr: [
      'detail: Server "acme", credentials from server "acme": admin, by access token',
      "detail: Trace ID for JFrog Platform logs: [WILDCARD]",
      "detail: POST URL/access/api/v1/tokens",
      "detail: Answered 200",
    ],
  },
  {
    name: "at the server of the environment, with a configuration that can't be read",
    args: ["atc"],
    env: { JFROG_CLI_URL: "URL", JFROG_CLI_ACCESS_TOKEN: "ADMIN" },
    config: "{ broken",
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: made,
  },
  {
    name: "at the configured server with the token of the environment",
    args: ["atc"],
    env: { JFROG_CLI_SERVER_ID: "acme", JFROG_CLI_ACCESS_TOKEN: "ADMIN" },
    config: [{ url: "URL/", accessToken: "stale", serverId: "acme" }],
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: made,
  },
  {
    name: "with a warning of a secret among the arguments",
    args: ["atc", "--url", "URL", "--access-token", "ADMIN"],
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: made,
    stderr: [
      "warning: Others on this machine can see --access-token; --access-token-stdin hides it",
    ],
  },
  {
    name: "with a warning of a url that is one service's",
    args: ["atc", "--url", "URL/artifactory/", "--access-token-stdin"],
    stdin: "ADMIN",
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: made,
    stderr: [
      "warning: The url of --url is one service's or a page's, not the platform's: URL/ is asked",
    ],
  },
  {
    name: "again when the server asks for that",
    args: ["atc", ...server],
    stdin: "ADMIN",
    misbehave: [
      answerWith(429, "", { "retry-after": "0" }),
      answerWith(503, "", { "retry-after": "0" }),
    ],
    sent: Array.from({ length: 3 }, () => `${path} | Bearer admin | ${plain}`),
    stdout: made,
    stderr: [
      "The server answered 429; asking again in 1 s...",
      "The server answered 503; asking again in 1 s...",
    ],
  },
  {
    name: "only for show with --dry-run",
    args: ["atc", "Alice", ...server, "--dry-run", "--groups=a"],
    stdin: "ADMIN",
    stdout: `POST URL/access/api/v1/tokens
(asked as): admin, by access token
Authorization: Bearer ***
Content-Type: application/json

{
  "scope": "applied-permissions/groups:a",
  "refreshable": false,
  "include_reference_token": false,
  "username": "alice"
}
`,
  },
  {
    name: "only for show with an API key, which goes as a password",
    args: ["atc", "--url", "URL", "--user=bob", "--access-token-stdin", "--dry-run"],
    stdin: `AKCp8${"x".repeat(68)}`,
    stdout:
      `POST URL/access/api/v1/tokens\n(asked as): bob, by API key\nAuthorization: Basic ***\n[WILDCARD]"bob"\n}\n`,
    stderr: ["warning: The access token is an API key, and is used as the password of [WILDCARD]"],
  },
  ...[
    { args: ["--server-id", "d", "--access-token-stdin"], stdin: "ADMIN" },
    { args: [], env: { JFROG_CLI_ACCESS_TOKEN: "ADMIN\n" } },
  ].map(({ args, ...rest }) => ({
    name: `for whom the credentials are of, not for a configured user (${args[0] ?? "env"})`,
    args: ["atc", ...args],
    config: [{ serverId: "d", url: "URL/", user: "carol", accessToken: "t", isDefault: true }],
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: made,
    ...rest,
  })),
  {
    name: "with the configured identity, whatever half of another the environment has",
    args: ["atc"],
    env: { JFROG_CLI_PASSWORD: "stray" },
    config: [{ serverId: "d", url: "URL/", accessToken: "ADMIN", isDefault: true }],
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: made,
    stderr: ["warning: JFROG_CLI_PASSWORD is left out: there is no JFROG_CLI_USER whose it is"],
  },
  {
    name: "with a password of the environment, without the line break behind it",
    args: ["atc", "--url", "URL"],
    env: { JFROG_CLI_USER: "admin", JFROG_CLI_PASSWORD: `${passwords.admin}\n` },
    sent: [
      `${path} | Basic ${btoa(`admin:${passwords.admin}`)} | ${
        plain.replace("}", ',"username":"admin"}')
      }`,
    ],
    stdout: made,
  },
  {
    name: "though the server says odd things beside it",
    args: ["atc", ...server],
    stdin: "ADMIN",
    misbehave: [answerWith(201, {
      Access_Token: "odd<>",
      expires_in: "3600",
      refreshable: false,
      scope: null,
      description: "more",
    })],
    sent: [`${path} | Bearer admin | ${plain}`],
    stdout: '{\n  "access_token": "odd\\u003c\\u003e",\n  "refreshable": false\n}\n',
    stderr: ["warning: The server's expires_in is left out: it is not a whole number"],
  },
];

const shared = shareAccessStage();

for (const one of cases) {
  test(
    `a token is made ${one.name}`,
    shared.use((stage) => stage.play(one)),
  );
}

test(
  "a token that is wrapped, quoted or a header asks as itself, whichever way it is given",
  shared.use(async ({ api, admin, call }) => {
    for (const text of [admin.value.replaceAll(/.{64}/g, "$&\r\n"), `"${admin.value}"`]) {
      const ways: [string[], object][] = [
        [["--access-token-stdin"], { stdin: text }],
        [[], { env: { JFROG_CLI_ACCESS_TOKEN: text } }],
      ];
      for (const [args, options] of ways) {
        const { code, stderr } = await call(["atc", "--url", "URL", ...args], options);
        assert.deepEqual([code, stderr], [0, ""]);
        assert.equal(api.calls.at(-1)!.headers.authorization, `Bearer ${admin.value}`);
      }
    }
  }),
);

test("what was printed and left behind holds no secret", shared.end);
