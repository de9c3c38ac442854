import assert from "node:assert/strict";
import { test } from "node:test";
import { answerWith, hangUp, startAccessApi } from "../fakes/access_api.ts";
import { type AccessCase, type AccessStage, openAccessStage } from "./access_stage.ts";
import { assertRefused } from "./refusal.ts";

const path = "POST /access/api/v1/tokens";
const url = "URL/access/api/v1/tokens";
const mint = `${path} | Bearer admin | {"refreshable":false,"include_reference_token":false}`;
const atc = ["atc", "--url", "URL", "--access-token-stdin"];
const acme = { url: "URL/", accessToken: "ADMIN", serverId: "acme" };

/** What is refused before anything is sent. */
const early: AccessCase[] = [
  {
    name: "two usernames",
    args: [...atc, "a", "b"],
    code: 2,
    stderr: [
      'error: Too many arguments for "access-token-create". Expected 1 argument but got 2: a, b',
      "hint: hawser access-token-create --help",
    ],
  },
  {
    name: "no server",
    args: ["atc"],
    code: 3,
    stderr: [
      "error: No JFrog server is named, and none is configured",
      "hint: hawser config add, or give --url and --access-token-stdin.",
    ],
  },
  {
    name: "a token without a url",
    args: ["atc", "--access-token-stdin"],
    code: 2,
    stderr: ["error: No JFrog server is named: there is no url[WILDCARD]", "hint: [WILDCARD]"],
  },
  {
    name: "no default among servers",
    args: ["atc"],
    config: [acme, { ...acme, serverId: "two" }],
    code: 3,
    stderr: [
      "error: No JFrog server is named, and none of those configured is the default",
      "hint: [WILDCARD]",
    ],
  },
  {
    name: "an unknown server",
    args: ["atc", "--server-id", "Acme"],
    config: [acme],
    code: 6,
    stderr: ['error: Server ID "Acme" does not exist', "hint: hawser config show"],
  },
  {
    name: "no credentials",
    args: ["atc", "--url", "URL", "--user", "a"],
    code: 2,
    stderr: ["error: There are no credentials for URL/", "hint: [WILDCARD]"],
  },
  {
    name: "a scope beside groups",
    args: [...atc, "--scope", "applied-permissions/user", "--groups", ""],
    code: 2,
    stderr: ["error: The scope is either given with --scope, or [WILDCARD]", "hint: [WILDCARD]"],
  },
  {
    name: "an expiry that is none",
    args: [...atc, "--expiry", "1e3"],
    code: 2,
    stderr: ['error: Invalid value "1e3" for --expiry: it must be seconds or a duration[WILDCARD]'],
  },
  {
    name: "an expiry in the past",
    args: [...atc, "--expiry=-1"],
    code: 2,
    stderr: ['error: Invalid value "-1" for --expiry: [WILDCARD]'],
  },
  {
    name: "a format that jf has not",
    args: [...atc, "--format", "xml"],
    code: 2,
    stderr: ['error: Invalid value "xml" for --format: it must be json or table'],
  },
  {
    name: "a format that jf has not, called as jf",
    calledAs: "jf",
    args: [...atc, "--format=xml"],
    code: 1,
    stderr: ['error: Invalid value "xml" for --format: it must be json or table'],
  },
  {
    name: "a long description",
    args: [...atc, "--description", "d".repeat(1025)],
    code: 2,
    stderr: [
      "error: [WILDCARD] for --description: it must be no longer than 1024 characters, not 1025",
    ],
  },
  {
    name: "a long scope",
    args: [...atc, "--scope", "s".repeat(501)],
    code: 2,
    stderr: ["error: [WILDCARD] for the scope: it must be no longer than 500 characters, not 501"],
  },
  {
    name: "an option without its value",
    args: [...atc, "alice", "--description"],
    code: 2,
    stderr: ["error: [WILDCARD]argument missing", "hint: [WILDCARD]"],
  },
  {
    name: "an option nobody knows, after an argument",
    args: [...atc, "alice", "--nope"],
    code: 2,
    stderr: ['error: Unknown option "--nope"', "hint: [WILDCARD]"],
  },
  {
    name: "a url with credentials in it",
    args: ["atc", "--url", "https://admin:CanaryAdminPassword1@127.0.0.1", "--access-token-stdin"],
    code: 2,
    stderr: [
      'error: Invalid value "…@127.0.0.1" for --url: it must be a url without user and [WILDCARD]',
    ],
  },
  {
    name: "a url of another kind",
    args: ["atc", "--url", "ftp://acme.example", "--access-token-stdin"],
    code: 2,
    stderr: ['error: Invalid value "ftp://acme.example" for --url: it must be an http[WILDCARD]'],
  },
  {
    name: "two secrets on one standard input",
    args: [...atc, "--password-stdin"],
    code: 2,
    stderr: [
      "error: --access-token-stdin and --password-stdin do not go together",
      "hint: [WILDCARD]",
    ],
  },
  {
    name: "an empty standard input",
    args: atc,
    stdin: " \n",
    code: 2,
    stderr: ["error: There is no access-token on standard input", "hint: [WILDCARD]"],
  },
  {
    name: "a client certificate that is not there",
    args: [...atc, "--client-cert-path", "/nowhere/cert.pem"],
    code: 6,
    stderr: ["error: File /nowhere/cert.pem does not exist"],
  },
].map((one) => ({ stdin: "ADMIN", ...one })) as AccessCase[]; // calledAs is a word, not any text

function answered(
  name: string,
  status: number,
  body: unknown,
  code: number,
  error: string,
  more: Partial<AccessCase> = {},
): AccessCase {
  return {
    name,
    args: atc,
    stdin: "ADMIN",
    misbehave: [answerWith(status, body)],
    sent: [mint],
    code,
    stderr: [`error: ${error}`],
    ...more,
  };
}

const unacceptable = `The answer of ${url} is not acceptable: `;
const lookFor = "hint: If a token was made all the same, access-token list shows it.";

/** What a server answers. */
const answers: AccessCase[] = [
  answered("a wrong token", 401, { errors: [{ status: 401, message: "Bad credentials" }] }, 4, "", {
    stderr: [
      `error: ${url} answered 401 Unauthorized: Bad credentials`,
      "hint: The token or password is wrong, has expired or was revoked.",
    ],
  }),
  answered("a scope too wide", 403, { code: "X", message: "No", detail: "way" }, 4, "", {
    stderr: [`error: ${url} answered 403 Forbidden: No; way`, "hint: [WILDCARD]"],
  }),
  answered(
    "no such path",
    404,
    { errors: [{ message: "Not here" }] },
    6,
    `${url} answered 404 Not Found: Not here`,
  ),
  answered("a conflict", 409, "", 7, `${url} answered 409 Conflict`),
  answered(
    "bad input",
    400,
    { error: "invalid_request", error_description: "Invalid audience" },
    2,
    `${url} answered 400 Bad Request: Invalid audience`,
  ),
  answered(
    "a failure that says the token back, and clears the screen",
    500,
    "",
    8,
    `${url} answered 500 Internal Server Error: Bearer …\\x1b[2J`,
    {
      misbehave: [({ headers }, response) => {
        response.writeHead(500).end(`${headers.authorization}\x1b[2J`);
      }],
    },
  ),
  answered(
    "a proxy's page",
    502,
    "<html><title>Bad gateway</title>",
    8,
    "",
    {
      stderr: [
        "warning: The request had been sent to URL: a token may exist. [WILDCARD]",
        `error: ${url} answered 502 Bad Gateway: a page of HTML titled "Bad gateway", not the platform's words`,
      ],
    },
  ),
  answered(
    "a page in place of a token",
    200,
    "<html>",
    1,
    `${unacceptable}it is a page, not JSON: [WILDCARD]`,
  ),
  answered("nothing", 200, "", 1, `${unacceptable}it is empty`),
  answered("no token", 200, { token_id: "x" }, 1, "", {
    stderr: [`error: ${unacceptable}there is no token in it`, lookFor],
  }),
  answered("null", 200, "null", 1, `${unacceptable}it is not a JSON object`),
  answered("a huge body", 200, "x".repeat(3_000_000), 1, "", {
    stderr: [
      `error: The answer of ${url} was lost: it is larger than 1024 KiB. [WILDCARD]`,
      "hint: [WILDCARD]",
    ],
  }),
  answered("a hang-up", 0, "", 1, "", {
    misbehave: [hangUp],
    stderr: [
      `error: The answer of ${url} was lost: the connection broke before it was complete. ` +
      "The request had been sent, so a token may exist",
      "hint: Look for it, and revoke it: hawser access-token list --order-by created --descending, " +
      "then hawser access-token revoke <id>",
    ],
  }),
  answered("a redirection elsewhere", 307, "", 1, "", {
    misbehave: [answerWith(307, "", { location: "https://127.0.0.1:1/x?secret" })],
    stderr: [
      `error: ${url} redirects to https://127.0.0.1:1/x, and credentials are not sent there`,
      "hint: [WILDCARD]",
    ],
  }),
  answered("an endless body", 0, "", 124, "", {
    args: [...atc, "--timeout", "300ms"],
    misbehave: [(_call, response) => {
      const timer = setInterval(() => response.write(" "), 5);
      response.on("close", () => clearInterval(timer));
    }],
    stderr: [
      "warning: The request had been sent to URL: a token may exist. " +
      "access-token list shows it, access-token revoke <id> revokes it",
      `error: Timed out after 300ms waiting for the answer of ${url}`,
    ],
  }),
  answered("a refusal, called as jf", 403, { z: 1, a: "<b>" }, 1, "", {
    calledAs: "jf",
    args: [...atc, "--format=json"],
    stdout: '{\n  "body": {\n    "a": "\\u003cb\\u003e",\n    "z": 1\n  },\n' +
      '  "status": "403 Forbidden",\n  "status_code": 403\n}\n',
    stderr: [`error: ${url} answered 403 Forbidden`, "hint: [WILDCARD]"],
  }),
  answered(
    "a refusal, called as jf with the variable",
    500,
    "",
    1,
    `${url} answered 500 Internal Server Error`,
    {
      calledAs: "jf",
      env: { JFROG_CLI_ERROR_OUTPUT_FORMAT: "JSON" },
      stdout: '{\n  "status": "500 Internal Server Error",\n  "status_code": 500\n}\n',
    },
  ),
  answered(
    "a refusal, called as jf with other words",
    500,
    "",
    8,
    `${url} answered 500 Internal Server Error`,
    {
      calledAs: "jf",
      args: [...atc, "--format=json"],
      env: { JFROG_CLI_ERROR_OUTPUT_FORMAT: "text", HAWSER_EXIT_CODES: "1" },
    },
  ),
];

let stage: AccessStage;

test("a stand-in for the Access API", async () => {
  stage = await openAccessStage();
});

for (const one of early) test(`refused before it is sent: ${one.name}`, () => stage.play(one));

for (const one of answers) test(`answered with ${one.name}`, () => stage.play(one));

test("a server that is not trusted is told how to trust, and sent nothing", async () => {
  const { sandbox, api } = stage;
  const before = api.calls.length;
  const env = { JFROG_CLI_HOME_DIR: `${sandbox.folder}/empty` };
  const outcome = await stage.call(atc, { env, stdin: "token" });
  assertRefused(
    outcome,
    8,
    `error: Cannot trust the server at ${api.url.slice(0, -1)}: its certificate is not trusted`,
    `hint: Put the certificate of its authority (PEM) into ${sandbox.folder}/empty/security/certs, ` +
      "or name it in SSL_CERT_FILE; --insecure-tls does without the check.",
  );
  assert.equal(api.calls.length, before);
  sandbox.write("ca.pem", api.ca);
  for (const more of [{ SSL_CERT_FILE: `${sandbox.folder}/ca.pem` }, {}]) {
    const args = Object.keys(more).length > 0 ? atc : [...atc, "--insecure-tls"];
    const options = { env: { ...env, ...more }, stdin: stage.admin.value };
    assert.equal((await stage.call(args, options)).code, 0);
  }
});

test("an expired server's certificate is told", async () => {
  const expired = await startAccessApi({ certifiedAt: Date.now() - 3 * 86_400_000 });
  stage.sandbox.write("expired/security/certs/ca.pem", expired.ca);
  const env = { JFROG_CLI_HOME_DIR: `${stage.sandbox.folder}/expired` };
  const args = ["atc", "--url", expired.url, "--access-token-stdin"];
  const { code, stderr } = await stage.call(args, { env, stdin: "token" });
  await expired.close();
  assert.equal(code, 8);
  assert.match(stderr, /^error: Cannot trust the server at .*: a certificate of it has expired\n/);
});

test("nobody listens, or nobody is there", async () => {
  const gone = ["atc", "--url", "http://127.0.0.1:1", "--access-token-stdin"];
  const refused = await stage.call(gone, { stdin: "token" });
  assertRefused(refused, 8, "error: Cannot reach http://127.0.0.1:1: the connection was refused");
  const away = ["atc", "--url", "http://acme.invalid", "--access-token-stdin", "--timeout", "0"];
  const { code, stderr } = await stage.call(away, { stdin: "token" });
  assert.equal(code, 8);
  assert.match(
    stderr,
    /^warning: http:\/\/acme.invalid is not asked by https: .*\nerror: Cannot reach /,
  );
});

test("what was printed and left behind holds no secret", () => stage.end());
