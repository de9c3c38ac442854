import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import {
  answer,
  type Appearance,
  type Behaviour,
  type FakeGrantService,
  startGrantService,
} from "../../test/fakes/grant_service.ts";
import { makeToken, testCode } from "../../test/fakes/tokens.ts";
import { appError, isAppError } from "../errors/app_error.ts";
import type { ErrorCode } from "../errors/catalog.ts";
import { startDeadline } from "../wait/deadline.ts";
import { probeToken, requestRedemption } from "./redeem_client.ts";
import type { UsableToken } from "./token_file.ts";

const csr = Uint8Array.of(1, 2, 3);
const surroundings = { env: {}, now: Date.now };
const never = new AbortController().signal;
const hourMs = 3_600_000;

interface Client {
  timeoutMs?: number;
  interrupts?: AbortSignal;
  env?: Record<string, string>;
  now?: () => number;
}

async function redeem(token: UsableToken, client: Client = {}): Promise<string> {
  const deadline = startDeadline(client.timeoutMs ?? 60_000, client.interrupts ?? never);
  try {
    const body = await requestRedemption(
      token,
      { name: token.metadata.name, subject: "site-uid", csr },
      deadline,
      { env: client.env ?? {}, now: client.now ?? Date.now },
    );
    return body.toString();
  } finally {
    deadline.end();
  }
}

function service(
  name: string,
  behave: Behaviour,
  body: (service: FakeGrantService) => Promise<void>,
  appearance: Appearance = {},
) {
  test(`requestRedemption() ${name}`, async () => {
    const fake = await startGrantService(behave, appearance);
    try {
      await body(fake);
    } finally {
      await fake.close();
    }
  });
}

function rejectsWith(code: ErrorCode, message: RegExp, hint?: RegExp) {
  return (error: unknown) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, message);
    const said = error.hint({
      program: "hawser",
      command: (words) => words,
      commandForAll: (words) => words,
    });
    if (hint !== undefined) assert.match(said ?? "", hint);
    const all = JSON.stringify([error.message, said, error.data, error.resume]);
    assert.ok(!all.includes(testCode), "the code is in the error");
    return true;
  };
}

service("sends one request as upstream's wire has it", answer(200, "the answer"), async (fake) => {
  assert.equal(await redeem(fake.token), "the answer");
  assert.equal(fake.requests.length, 1);
  const { method, path, headers, body } = fake.requests[0]!;
  assert.deepEqual({ method, path, body }, { method: "POST", path: "/grant-uid", body: testCode });
  assert.equal(headers["name"], "west-6bfn6");
  assert.equal(headers["subject"], "site-uid");
  assert.equal(headers["csr"], "AQID");
  assert.equal(headers["host"], new URL(fake.token.spec.url).host);
  assert.equal(headers["connection"], "close");
});

/** Sends those bytes and closes. */
function raw(bytes: string): Behaviour {
  return (_request, socket) => void socket.end(bytes);
}

const chunked = raw(
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n3\r\nsix\r\n0\r\n\r\n",
);
service("reads a chunked answer, as Go's servers send", chunked, async (fake) => {
  assert.equal(await redeem(fake.token), "foursix");
});

const refusals: [what: string, behave: Behaviour, code: ErrorCode, message: RegExp][] = [
  ["a wrong code", answer(403, "Redemption of access token refused\n"), "token-refused", /refused/],
  ["upstream's used up", answer(404, "No such access granted\n"), "token-used-up", /west-6bfn6/],
  [
    "closed by a damaged ledger",
    answer(404, "No such access granted\n", { reason: "damaged" }),
    "token-closed",
    /west-6bfn6.*nobody can tell/,
  ],
  ["upstream's unknown", answer(404, "No such claim\n"), "token-unknown", /no longer valid/],
  [
    "expired",
    answer(404, "No such claim\n", { reason: "expired" }),
    "token-expired",
    /has expired$/,
  ],
  ["used up", answer(404, "No such access granted\n", { reason: "used-up" }), "token-used-up", /./],
  ["revoked", answer(404, "No such claim\n", { reason: "revoked" }), "token-revoked", /revoked/],
  ["a redirection", answer(301, "", { location: "/x" }), "answer-invalid", /redirection \(301\)/],
  ["500, which has burned a use", answer(500, "no CA\n"), "server-error", /answered 500: no CA$/],
  [
    "a bad request",
    answer(400, "name\u001b[31m is\nbad"),
    "server-error",
    /400: name \[31m is bad$/,
  ],
  ["its own code back", answer(418, `you sent ${testCode}`), "server-error", /you sent …$/],
  ["10 MB", answer(200, "x".repeat(10_000_000)), "answer-invalid", /larger than 256 KiB/],
  ["what is not HTTP", raw("AMQP\u0000\u0001\u0000\u0000"), "answer-invalid", /it is not HTTP/],
  ["HTML in place of a header", raw("<html>\r\n\r\n"), "answer-invalid", /it is not HTTP/],
  [
    "an answer of unknown length",
    raw("HTTP/1.1 200 OK\r\n\r\nhalf"),
    "answer-invalid",
    /how long it is/,
  ],
];
for (const [what, behave, code, message] of refusals) {
  service(`takes ${what} as final`, behave, async (fake) => {
    await assert.rejects(redeem(fake.token), rejectsWith(code, message));
    assert.equal(fake.requests.length, 1);
  });
}

service(
  "tells whose clock is wrong when a token expired",
  answer(404, "", { reason: "expired", date: new Date(Date.now() + hourMs).toUTCString() }),
  async (fake) => {
    const message = /expired \(this machine's clock is 1 hour behind the grant service's\)/;
    await assert.rejects(redeem(fake.token), rejectsWith("token-expired", message));
  },
);

service("knows an expired token by what it says itself", answer(404), async (fake) => {
  const annotations = { "hawser/expires": new Date(Date.now() - 1000).toISOString() };
  const token = { ...fake.token, metadata: { ...fake.token.metadata, annotations } };
  await assert.rejects(redeem(token), rejectsWith("token-expired", /has expired$/));
});

/** Behaves so at the first requests, one each, and then answers. */
function first(...behaviours: Behaviour[]): Behaviour {
  return (request, socket) =>
    (behaviours[request.number - 1] ?? answer(200, "at last"))(request, socket);
}

const cut = raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of");
const drop: Behaviour = (_request, socket) => {
  socket.destroy();
};
const passing: [what: string, behave: Behaviour][] = [
  ["503, which upstream answers when busy", first(answer(503), answer(503), answer(502))],
  ["429", first(answer(429, "", { "retry-after": "0" }))],
  ["429 until a date", first(answer(429, "", { "retry-after": new Date(0).toUTCString() }))],
  ["an answer cut half-way", first(cut)],
  ["a connection closed without an answer", first(drop, drop)],
];
for (const [what, behave] of passing) {
  service(`tries again after ${what}`, behave, async (fake) => {
    assert.equal(await redeem(fake.token), "at last");
    const keys = new Set(fake.requests.map(({ headers }) => headers["csr"]));
    assert.equal(keys.size, 1, "a retry with another key is another redemption");
  });
}

service("gives up on a server that always hangs up", drop, async (fake) => {
  await assert.rejects(redeem(fake.token), rejectsWith("unreachable", /broke before its answer/));
  assert.equal(fake.requests.length, 5);
});

service("tries once where the timeout is 0", answer(503, "busy"), async (fake) => {
  await assert.rejects(redeem(fake.token, { timeoutMs: 0 }), rejectsWith("server-error", /busy/));
  assert.equal(fake.requests.length, 1);
});

service(
  "does not wait for a Retry-After beyond its time",
  answer(429, "", { "retry-after": "3600" }),
  async (fake) => {
    const throttled = rejectsWith("grant-code-throttled", /no more tries/, /in 3600 seconds/);
    await assert.rejects(
      redeem(fake.token),
      (error) => throttled(error) && isAppError(error) && error.retryable,
    );
    assert.equal(fake.requests.length, 1);
  },
);

for (const moment of ["0", new Date(0).toUTCString()]) {
  service(
    `pauses though it may always come again at once (${moment})`,
    answer(503, "busy", { "retry-after": moment }),
    async (fake) => {
      await assert.rejects(redeem(fake.token, { timeoutMs: 1000 }));
      const { length } = fake.requests;
      assert.ok(length >= 1 && length <= 6, `it was asked ${length} times`);
    },
  );
}

service("names the last failure when its time is over", answer(503, "busy"), async (fake) => {
  await assert.rejects(
    redeem(fake.token, { timeoutMs: 300 }),
    rejectsWith("timed-out", /after 300ms waiting for the grant service .*last error: .*503: busy/),
  );
});

service("ends in time at a server that hangs", () => {}, async (fake) => {
  await assert.rejects(redeem(fake.token, { timeoutMs: 100 }), rejectsWith("timed-out", /100ms/));
});

test("requestRedemption() ends with the interrupt in the middle of an answer", async () => {
  const interrupts = new AbortController();
  const fake = await startGrantService((_request, socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", () => {
      interrupts.abort(appError("interrupted", {}));
    });
  });
  const redeeming = redeem(fake.token, { interrupts: interrupts.signal });
  await assert.rejects(redeeming, rejectsWith("interrupted", /./));
  assert.equal(fake.requests.length, 1);
  await fake.close();
});

test("requestRedemption() says that nothing listens there", async () => {
  const fake = await startGrantService(answer(200));
  await fake.close();
  const refused = rejectsWith("unreachable", /the connection was refused/);
  await assert.rejects(redeem(fake.token), refused);
});

test("requestRedemption() says at once that a name is not known", async () => {
  const token = makeToken({ url: "https://no-such-host.invalid:9090/uid" });
  await assert.rejects(
    redeem(token),
    rejectsWith("unreachable", /its name (is not known|cannot be)/),
  );
});

service("trusts the token's authority alone", answer(200), async (fake) => {
  const stranger = makeToken({ url: fake.token.spec.url });
  await assert.rejects(
    redeem(stranger),
    rejectsWith("tls-failed", /not signed by the authority/, /ask for a new token/),
  );
  assert.equal(fake.requests.length, 0, "the code went to a stranger");
});

service("insists on the host's name", answer(200), async (fake) => {
  await assert.rejects(
    redeem(
      makeToken({
        ...fake.token.spec,
        url: fake.token.spec.url.replace("west.example", "127.0.0.1"),
      }),
    ),
    rejectsWith("tls-failed", /certificate is not for 127\.0\.0\.1/),
  );
  assert.equal(fake.requests.length, 0);
}, { hosts: ["west.example"] });

const wrongTimes: [what: string, appearance: Appearance, message: RegExp, hint: RegExp][] = [
  [
    "a certificate from the future",
    { certifiedAt: Date.now() + hourMs },
    /not valid before 20\S+Z; this machine's clock says 20\S+Z$/,
    /clock/,
  ],
  [
    "an authority from the future",
    { authorityMadeAt: Date.now() + hourMs, certifiedAt: Date.now() + hourMs },
    /not valid before/,
    /clock/,
  ],
  [
    "an expired certificate",
    { certifiedAt: Date.now() - 3 * hourMs, lifetimeMs: hourMs },
    /expired at 20\S+Z; this machine's clock says/,
    /new token/,
  ],
];
for (const [what, appearance, message, hint] of wrongTimes) {
  service(`explains ${what}`, answer(200), async (fake) => {
    await assert.rejects(redeem(fake.token), rejectsWith("tls-failed", message, hint));
    assert.equal(fake.requests.length, 0);
  }, appearance);
}

test("requestRedemption() says that a server does not speak TLS", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const token = makeToken({ url: `https://127.0.0.1:${port}/uid` });
  await assert.rejects(redeem(token), rejectsWith("tls-failed", /does not speak TLS/));
  server.close();
});

service("goes through the proxy of HTTPS_PROXY", answer(200, "behind"), async (fake) => {
  const port = Number(new URL(fake.token.spec.url).port);
  const asked: string[] = [];
  const proxy = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      asked.push(data.toString().split("\r\n", 1)[0]!);
      const onward = connect(port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 ok\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      onward.on("error", () => socket.destroy());
    });
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const env = { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as { port: number }).port}` };
  assert.equal(await redeem(fake.token, { env }), "behind");
  assert.deepEqual(asked, [`CONNECT west.example:${port} HTTP/1.1`]);
  proxy.close();
}, { hosts: ["west.example"] });

service("tells a proxy that can't be reached from the service", answer(200, ""), async (fake) => {
  const { port } = new URL(fake.token.spec.url);
  const through = (HTTPS_PROXY: string) => redeem(fake.token, { env: { HTTPS_PROXY } });
  await assert.rejects(
    through("http://127.0.0.1:1"),
    rejectsWith("unreachable", /its proxy 127\.0\.0\.1:1 can't be reached: the connection was/),
  );
  await assert.rejects(
    through(`https://127.0.0.1:${port}`),
    rejectsWith(
      "tls-failed",
      /its proxy 127\.0\.0\.1:\d+ can't be reached: its certificate is not/,
    ),
  );
}, { hosts: ["west.example"] });

test("probeToken() spends nothing and tells how the token stands", async () => {
  const fake = await startGrantService(first(
    answer(200, "usesLeft: 2\nexpires: 2026-01-01T00:00:00Z\n"),
    answer(404, "No such claim\n", { reason: "revoked" }),
    answer(404, "No such claim\n"),
    answer(405, "Only POST is supported\n"),
    answer(200, "<html>"),
  ));
  const probe = () => probeToken(fake.token, surroundings, never);
  assert.deepEqual(await probe(), { usesLeft: 2, expiresAt: "2026-01-01T00:00:00Z" });
  await assert.rejects(probe(), rejectsWith("token-revoked", /./));
  await assert.rejects(probe(), rejectsWith("token-unknown", /./));
  assert.deepEqual(await probe(), {});
  assert.deepEqual(await probe(), {});
  for (const { method, headers, body } of fake.requests) {
    assert.deepEqual({ method, body }, { method: "GET", body: "" });
    assert.equal(headers["code"], testCode);
  }
  await fake.close();
});
