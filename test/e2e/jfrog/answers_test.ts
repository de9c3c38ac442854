import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { answerWith, hangUp, type Misbehaviour, startAccessApi } from "../../fakes/access_api.ts";
import { type AccessCase, shareAccessStage } from "../stage/access_stage.ts";
import { assertRefused } from "../stage/refusal.ts";

const url = "URL/access/api/v1/tokens";
const mint = "POST /access/api/v1/tokens | Bearer admin | " +
  '{"refreshable":false,"include_reference_token":false}';
const atc = ["atc", "--url", "URL", "--access-token-stdin"];

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
const mayExist = ". The request had been sent, so a token may exist";
const lookFor =
  "hint: Look for it, and revoke it: hawser access-token list --order-by created --descending, " +
  "then hawser access-token revoke <id>";
const warned = (program = "hawser") =>
  "warning: The request had been sent to URL: a token may exist. " +
  `${program} access-token list shows it, ${program} access-token revoke <id> revokes it`;

/** A success of which nothing can be read. */
function unreadable(name: string, why: string, misbehave: Misbehaviour | string) {
  const answer = typeof misbehave === "string" ? answerWith(200, misbehave) : misbehave;
  return answered(name, 200, "", 1, "", {
    misbehave: [answer],
    stderr: [`error: ${unacceptable}${why}${mayExist}`, lookFor],
  });
}

/** A success in a form of its own. */
function readable(name: string, headers: Record<string, string>, encode: (text: string) => Buffer) {
  const body = { access_token: "odd", token_id: "x" };
  return answered(name, 200, "", 0, "", {
    misbehave: [(_call, response) => {
      response.writeHead(200, headers).end(encode(JSON.stringify(body)));
    }],
    stdout: '{\n  "access_token": "odd",\n  "token_id": "x"\n}\n',
    stderr: [],
  });
}

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
    "",
    {
      args: [...atc, "--verbose"],
      misbehave: [({ headers: { authorization } }, response) => {
        response.writeHead(500, authorization).end(`${authorization}\x1b[2J`);
      }],
      stderr: [
        "[WILDCARD]detail: Answered 500",
        warned(),
        `error: ${url} answered 500 Bearer …: Bearer …\\x1b[2J`,
      ],
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
        warned(),
        `error: ${url} answered 502 Bad Gateway: a page of HTML titled "Bad gateway", not the platform's words`,
      ],
    },
  ),
  answered("a 503 of a proxy whose server broke off", 503, "upstream connect error", 8, "", {
    // whoever wants it again gets no second token
    args: [...atc, "--retry-for", "1m"],
    stderr: [warned(), `error: ${url} answered 503 Service Unavailable: upstream connect error`],
  }),
  answered("a 303, which follows what was done", 303, "", 1, "", {
    stderr: [warned(), `error: ${url} answered 303 See Other`],
  }),
  unreadable(
    "a page in place of a token",
    "it is a page, not JSON: a proxy's or a login's, or the url is wrong",
    "<html>",
  ),
  unreadable("nothing", "it is empty", ""),
  unreadable("no token", "there is no token in it", '{"token_id":"x"}'),
  unreadable("null", "it is not a JSON object", "null"),
  unreadable("half of it", "it is not JSON", '{"access_token":"odd'),
  unreadable("a wrong charset", "it is not JSON", (_call, response) => {
    response.end(Buffer.from('{"access_token":"odd"}', "utf16le"));
  }),
  readable("a BOM", {}, (text) => Buffer.from(`\uFEFF${text}`)),
  readable("gzip", { "content-encoding": "gzip" }, (text) => gzipSync(text)),
  readable("deflate", { "content-encoding": "deflate" }, (text) => deflateSync(text)),
  readable(
    "a charset of its own",
    { "content-type": "application/json; charset=utf-16le" },
    (text) => Buffer.from(text, "utf16le"),
  ),
  answered("a password's own word", 401, "Your password has expired, admin", 4, "", {
    args: ["atc", "--url", "URL", "--user", "admin", "--password-stdin"],
    stdin: "password",
    sent: [
      `POST /access/api/v1/tokens | Basic ${btoa("admin:password")} | ` +
      '{"refreshable":false,"include_reference_token":false,"username":"admin"}',
    ],
    stderr: [
      `error: ${url} answered 401 Unauthorized: Your password has expired, admin`,
      "hint: [WILDCARD]",
    ],
  }),
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
      warned(),
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
      stderr: [warned("jf"), `error: ${url} answered 500 Internal Server Error`],
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
      stderr: [warned("jf"), `error: ${url} answered 500 Internal Server Error`],
      env: { JFROG_CLI_ERROR_OUTPUT_FORMAT: "text", HAWSER_EXIT_CODES: "1" },
    },
  ),
];

const shared = shareAccessStage();

for (const one of answers) {
  test(
    `answered with ${one.name}`,
    shared.use((stage) => stage.play(one)),
  );
}

test(
  "a server that is not trusted is told how to trust, and sent nothing",
  shared.use(async (stage) => {
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
  }),
);

test(
  "a secret that never comes on stdin is what a command says it waited for",
  shared.use(async ({ sandbox }) => {
    const line = "hawser atc --url https://a.example --access-token-stdin --timeout 100ms";
    const never = "< <(sleep 2 2> /dev/null)";
    assertRefused(
      await sandbox.run("bash", ["-c", `exec ${line} ${never}`]),
      124,
      "error: Timed out after 100ms waiting for the access-token on standard input",
    );
  }),
);

test(
  "a url without a scheme is asked by https",
  shared.use(async ({ api, admin, call }) => {
    const host = api.url.replace(/^https:\/\/|\/$/g, "");
    const args = ["atc", "--url", host, "--access-token-stdin"];
    const { code, stderr } = await call(args, { stdin: admin.value });
    assert.equal(stderr, `warning: The url of --url has no scheme: ${api.url} is asked\n`);
    assert.equal(code, 0);
  }),
);

test(
  "an expired server's certificate is told",
  shared.use(async (stage) => {
    const expired = await startAccessApi({ certifiedAt: Date.now() - 3 * 86_400_000 });
    stage.sandbox.write("expired/security/certs/ca.pem", expired.ca);
    const env = { JFROG_CLI_HOME_DIR: `${stage.sandbox.folder}/expired` };
    const args = ["atc", "--url", expired.url, "--access-token-stdin"];
    const { code, stderr } = await stage.call(args, { env, stdin: "token" });
    await expired.close();
    assert.equal(code, 8);
    assert.match(
      stderr,
      /^error: Cannot trust the server at .*: a certificate of it has expired\n/,
    );
  }),
);

test(
  "a server that wants a client certificate lets in who has one",
  shared.use(async (stage) => {
    const strict = await startAccessApi({ wantsClientCertificate: true });
    const { sandbox } = stage;
    sandbox.write("strict/security/certs/ca.pem", strict.ca);
    const { value } = strict.tokens.make("admin");
    sandbox.secrets.push(value);
    const env = { JFROG_CLI_HOME_DIR: `${sandbox.folder}/strict`, JFROG_CLI_ACCESS_TOKEN: value };
    const call = (...more: string[]) => stage.call(["atc", "--url", strict.url, ...more], { env });
    const write = async (name: string, madeAt: number) => {
      const { cert, key } = await strict.clientCertificate(madeAt);
      sandbox.write(`${name}.pem`, cert);
      sandbox.write(`${name}.key`, key);
      const file = `${sandbox.folder}/${name}`;
      return ["--client-cert-path", `${file}.pem`, "--client-cert-key-path", `${file}.key`];
    };
    const none = await call();
    assert.equal(none.code, 8);
    assert.match(
      none.stderr,
      /^error: Cannot trust [^]*: it refused the client certificate, or the lack/,
    );
    assert.equal((await call(...await write("good", Date.now()))).code, 0);
    const expired = await call(...await write("expired", Date.now() - 3 * 86_400_000));
    assert.equal(expired.code, 2);
    assert.match(
      expired.stderr,
      /^error: Cannot use the client certificate .*expired\.pem: it expired at 20.*; this machine's clock/,
    );
    assert.equal(strict.calls.length, 1);
    await strict.close();
  }),
);

test(
  "http at a port that speaks TLS made no token, and is told",
  shared.use(async ({ api, admin, call }) => {
    const plain = api.url.replace("https:", "http:");
    const args = ["atc", "--url", plain, "--access-token-stdin"];
    assertRefused(
      await call(args, { stdin: admin.value }),
      8,
      `error: Cannot trust the server at ${
        plain.slice(0, -1)
      }: it speaks TLS, and was asked by http`,
      "hint: Its url begins with https://.",
    );
  }),
);

test(
  "nobody listens, or nobody is there",
  shared.use(async (stage) => {
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
  }),
);

test("what was printed and left behind holds no secret", shared.end);
