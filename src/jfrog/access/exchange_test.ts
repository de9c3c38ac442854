import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import {
  type AccessApi,
  type AccessApiOptions,
  answerWith,
  hangUp,
  type Misbehaviour,
  startAccessApi,
} from "../../../test/fakes/access_api.ts";
import {
  makeSurroundings,
  type TestSurroundings,
} from "../../../test/fakes/access_surroundings.ts";
import { type AppError, appError } from "../../errors/app_error.ts";
import { startDeadline } from "../../wait/deadline.ts";
import { type AccessRequest, ask } from "./exchange.ts";
import type { AccessServer } from "../access_server.ts";

const never = new AbortController().signal;
const request: AccessRequest = {
  method: "POST",
  path: "access/api/v1/tokens",
  body: { type: "application/json", text: "{}" },
  mints: true,
};

interface Asking {
  api: AccessApi;
  surroundings: TestSurroundings;
  ask(
    change?: Partial<AccessServer>,
    timeoutMs?: number,
    interrupts?: AbortSignal,
  ): ReturnType<typeof ask>;
}

function withApi(options: AccessApiOptions, body: (asking: Asking) => Promise<void>) {
  return async () => {
    const api = await startAccessApi(options);
    const surroundings = makeSurroundings(api.ca);
    const { value } = api.tokens.make("admin");
    const server = { url: api.url, credentials: { accessToken: value } };
    try {
      await body({
        api,
        surroundings,
        ask: (change = {}, timeoutMs = 5000, interrupts = never) =>
          ask(
            { ...server, ...change },
            request,
            surroundings,
            startDeadline(timeoutMs, interrupts),
          ),
      });
    } finally {
      await api.close();
      surroundings.remove();
    }
  };
}

async function failure(asked: Promise<unknown>): Promise<AppError> {
  return await asked.then(() => assert.fail("it succeeded"), (error) => error);
}

test(
  "ask() trusts what is in security/certs, and says who asks",
  withApi({}, async ({ api, ask }) => {
    const answer = await ask();
    assert.equal(answer.status, 200);
    const [{ headers, text, method, path } = assert.fail()] = api.calls;
    assert.equal(`${method} ${path}`, "POST /access/api/v1/tokens");
    assert.match(headers["user-agent"]!, /^hawser\/\d/);
    assert.match(String(headers["uber-trace-id"]), /^([0-9a-f]{16}):\1:0:0$/);
    assert.match(headers.authorization!, /^Bearer eyJ/);
    assert.equal(text, "{}");
  }),
);

test(
  "ask() is not led astray by what is no certificate among those trusted",
  withApi({}, async ({ ask, surroundings }) => {
    const block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    writeFileSync(`${surroundings.home}/security/certs/broken.pem`, block);
    writeFileSync(`${surroundings.home}/empty.pem`, "");
    surroundings.env["SSL_CERT_FILE"] = `${surroundings.home}/empty.pem`;
    assert.equal((await ask()).status, 200);
  }),
);

test(
  "ask() shows a password, or an API key in place of a token, as Basic",
  withApi({}, async ({ api, ask }) => {
    const apiKey = `AKCp8${"x".repeat(68)}`;
    await ask({ credentials: { user: "bob", password: "é:" } });
    await ask({ credentials: { user: "bob", accessToken: apiKey } });
    const shown = api.calls.map(({ headers }) => headers.authorization);
    assert.deepEqual(shown, ["Basic Ym9iOsOpOg==", `Basic ${btoa(`bob:${apiKey}`)}`]);
  }),
);

test(
  "ask() refuses a server it can't trust, and says how to trust it",
  withApi({}, async ({ api, ask, surroundings }) => {
    surroundings.env["NODE_EXTRA_CA_CERTS"] = "";
    const untrusting = makeSurroundings();
    Object.assign(surroundings, { home: untrusting.home });
    const error = await failure(ask());
    assert.equal(error.code, "tls-failed");
    assert.match(error.message, /its certificate is not trusted/);
    assert.match(error.hint({} as never)!, /security\/certs.*SSL_CERT_FILE.*--insecure-tls/);
    assert.equal(api.calls.length, 0);
    assert.equal((await ask({ insecureTls: true })).status, 200);
    untrusting.remove();
  }),
);

test(
  "ask() refuses a certificate for another host, or one that has expired",
  withApi({ hosts: ["other.example"] }, async ({ api, ask }) => {
    const error = await failure(ask({ url: api.url.replace("other.example", "127.0.0.1") }));
    assert.match(error.message, /its certificate is not for 127\.0\.0\.1/);
  }),
);

test(
  "ask() tells an expired certificate",
  withApi({ certifiedAt: Date.now() - 3 * 86_400_000 }, async ({ ask }) => {
    const error = await failure(ask());
    assert.equal(error.code, "tls-failed");
    assert.match(error.message, /expired|not trusted/);
  }),
);

test(
  "ask() gives back any answer, and never asks twice for what may have been obeyed",
  withApi({}, async ({ api, ask }) => {
    for (const status of [201, 400, 401, 403, 404, 409, 429, 500, 502, 503]) {
      api.misbehave(answerWith(status, { code: "X" }));
      const before = api.calls.length;
      assert.equal((await ask()).status, status);
      assert.equal(api.calls.length, before + 1);
    }
  }),
);

test(
  "ask() comes again after 429 and 503 when it is told to, but not beyond its time",
  withApi({}, async ({ api, ask, surroundings }) => {
    const [now, date] = [{ "retry-after": "0" }, { "retry-after": new Date().toUTCString() }];
    api.misbehave(answerWith(429, "", now), answerWith(503, "", date));
    assert.equal((await ask()).status, 200);
    assert.equal(api.calls.length, 3);
    assert.equal(surroundings.told.filter((line) => line.startsWith("progress")).length, 2);
    api.misbehave(answerWith(503, "", { "retry-after": "60" }));
    assert.equal((await ask()).status, 503);
    api.misbehave(answerWith(503, "", now));
    assert.equal((await ask({}, 0)).status, 503);
  }),
);

test(
  "ask() says that a token may exist when the answer is lost",
  withApi({}, async ({ api, ask, surroundings }) => {
    const table: [Misbehaviour, RegExp][] = [
      [hangUp, /the connection broke/],
      [(_call, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("{");
        setTimeout(() => response.destroy(), 20);
      }, /the connection broke/],
      [(_call, response) => void response.end("x".repeat(2_000_000)), /larger than 1024 KiB/],
      [
        (_call, { socket }) => void socket!.end("nonsense\r\n\r\n"),
        /it is not HTTP|connection broke/,
      ],
    ];
    for (const [behaviour, why] of table) {
      api.misbehave(behaviour);
      const before = api.calls.length;
      const error = await failure(ask());
      assert.equal(error.code, "access-answer-lost");
      assert.match(error.message, why);
      assert.match(error.message, /a token may exist/);
      assert.equal(error.retryable, false);
      assert.equal(api.calls.length, before + 1);
    }
    assert.deepEqual(surroundings.told.filter((line) => line.startsWith("warning")), []);
  }),
);

test(
  "ask() warns of a token when time or patience ends the wait for an answer",
  withApi({}, async ({ api, ask, surroundings }) => {
    const late = new AbortController();
    const drip: Misbehaviour = (_call, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 5);
      response.on("close", () => clearInterval(timer));
      late.abort(appError("timed-out", { after: "5s" })); // as a limit does, whatever the load
    };
    api.misbehave(drip);
    const error = await failure(ask({}, 60_000, late.signal));
    assert.equal(error.code, "timed-out");
    assert.match(error.message, /waiting for the answer of https:/);
    assert.equal(error.retryable, false);
    const interrupts = new AbortController();
    api.misbehave(() => interrupts.abort(appError("interrupted", {})));
    assert.equal((await failure(ask({}, 60_000, interrupts.signal))).code, "interrupted");
    const warnings = surroundings.told.filter((line) => /^warning.*a token may exist/.test(line));
    assert.equal(warnings.length, 2);
  }),
);

test(
  "ask() follows redirects within the server only, and not for ever",
  withApi({}, async ({ api, ask }) => {
    const to = (location: string, status = 307) => answerWith(status, "", { location });
    api.misbehave(to("/access/api/v1/tokens", 301));
    assert.equal((await ask()).status, 200);
    const [first, second] = api.calls;
    assert.deepEqual([second!.method, second!.text], [first!.method, first!.text]);
    const other = await startAccessApi();
    for (const location of [`${other.url}access/api/v1/tokens`, api.url.replace("https", "http")]) {
      api.misbehave(to(location, 302));
      const error = await failure(ask());
      assert.equal(error.code, "access-redirected");
    }
    assert.equal(other.calls.length, 0);
    await other.close();
    const before = api.calls.length;
    api.misbehave(...Array.from({ length: 10 }, () => to("/again")));
    assert.match((await failure(ask())).message, /redirects more than 3 times/);
    assert.equal(api.calls.length, before + 4);
  }),
);

test("ask() tries again while a connection is refused, and then says so", async () => {
  const surroundings = makeSurroundings();
  const server = { url: "http://127.0.0.1:1/", credentials: { accessToken: "t" } };
  const error = await failure(ask(server, request, surroundings, startDeadline(10_000, never)));
  assert.equal(error.code, "unreachable");
  assert.match(error.message, /the connection was refused/);
  assert.equal(surroundings.told.filter((line) => line.startsWith("detail: POST")).length, 5);
  surroundings.remove();
});

test(
  "ask() takes plain http, silently on this machine only",
  withApi({ plain: true }, async ({ ask, surroundings }) => {
    assert.equal((await ask()).status, 200);
    assert.ok(!surroundings.told.some((line) => line.startsWith("warning")));
    await failure(ask({ url: "http://[::ffff:127.0.0.1]:1/" }, 0));
    assert.ok(surroundings.told.some((line) => /^warning: .*not asked by https/.test(line)));
  }),
);

test(
  "ask() comes again ever later to a server that always says: at once",
  withApi({}, async ({ api, ask, surroundings }) => {
    api.misbehave(
      ...Array.from({ length: 6 }, () => answerWith(429, "", { "retry-after": "0" })),
    );
    assert.equal((await ask({}, 60_000)).status, 200);
    const told = surroundings.told.join("\n");
    const waits = Array.from(told.matchAll(/asking again in (\d+) s/g), ([, s]) => Number(s));
    assert.equal(waits.length, 6);
    assert.ok(waits.every((wait, index) => wait >= (waits[index - 1] ?? 1)), waits.join());
    // the sixth is of 1.6 seconds at least, whatever the jitter
    assert.ok(waits.at(-1)! > 1, waits.join());
  }),
);

test(
  "ask() tells a proxy that is not trusted from the server behind it",
  withApi({}, async ({ api }) => {
    const surroundings = makeSurroundings("", { HTTPS_PROXY: api.url });
    const server = { url: "https://acme.example/" };
    const error = await failure(ask(server, request, surroundings, startDeadline(5000, never)));
    assert.equal(error.code, "tls-failed");
    assert.match(
      error.message,
      /its proxy 127.* can't be reached: its certificate is not trusted$/,
    );
    surroundings.remove();
  }),
);

test("ask() asks no url with a password, which an older configuration may have", async () => {
  const surroundings = makeSurroundings();
  const server = { url: "http://user:hunter2@127.0.0.1:1/artifactory/" };
  const error = await failure(ask(server, request, surroundings, startDeadline(0, never)));
  assert.equal(error.code, "invalid-value");
  assert.doesNotMatch(error.message, /hunter2/);
  surroundings.remove();
});

test("ask() sends nothing under a name that can't stand in a header", async () => {
  for (const name of ["a\nb", "a→b"]) {
    const surroundings = makeSurroundings("", { JFROG_CLI_USER_AGENT: name });
    const server = { url: "http://127.0.0.1:1/" };
    const error = await failure(ask(server, request, surroundings, startDeadline(0, never)));
    assert.equal(error.code, "invalid-value");
    surroundings.remove();
  }
});

test("ask() asks an http proxy for the whole url, and goes through it for https", async () => {
  const heads: string[] = [];
  const proxy = createServer((socket: Socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      heads.push(data.toString().split("\r\n\r\n")[0]!);
      socket.end("HTTP/1.1 418 teapot\r\nContent-Length: 0\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as { port: number };
  const url = `http://user:pass@127.0.0.1:${port}`;
  const surroundings = makeSurroundings("", { HTTP_PROXY: url, HTTPS_PROXY: url });
  const askOf = (url: string) =>
    ask(
      { url, credentials: { accessToken: "secret" } },
      request,
      surroundings,
      startDeadline(0, never),
    );
  assert.equal((await askOf("http://acme.example/")).status, 418);
  const error = await failure(askOf("https://acme.example/"));
  assert.match(error.message, /the proxy 127\.0\.0\.1:\d+ answered 418/);
  const gone = makeSurroundings("", { HTTPS_PROXY: "http://user:pass@127.0.0.1:1" });
  const unreachable = await failure(
    ask({ url: "https://acme.example/" }, request, gone, startDeadline(0, never)),
  );
  assert.match(
    unreachable.message,
    /its proxy 127\.0\.0\.1:1 can't be reached: the connection was refused$/,
  );
  gone.remove();
  assert.match(heads[0]!, /^POST http:\/\/acme\.example\/access\/api\/v1\/tokens HTTP\/1\.1\r\n/);
  assert.match(heads[0]!, /proxy-authorization: Basic dXNlcjpwYXNz/i);
  assert.match(heads[1]!, /^CONNECT acme\.example:443 HTTP\/1\.1\r\n/);
  assert.doesNotMatch(heads[1]!, /secret/);
  proxy.close();
  surroundings.remove();
});
