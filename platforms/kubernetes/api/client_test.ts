import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { type AppError, isAppError } from "../../../src/errors/app_error.ts";
import type { ErrorCode } from "../../../src/errors/catalog.ts";
import { startDeadline } from "../../../src/wait/deadline.ts";
import { FakeApiServer, refuse, reply } from "../../../test/fakes/kube_api_server.ts";
import type { ApiClient } from "./client.ts";
import type { ApiRequest } from "./request.ts";

const signal = new AbortController().signal;
const site = { kind: "Site", namespace: "shop" } as const;
const getSite: ApiRequest = { verb: "get", ...site, name: "west" };
const createSite: ApiRequest = { verb: "create", ...site, name: "west", body: {} };
const updateSite: ApiRequest = { verb: "update", ...site, name: "west", body: {} };

type Answer = (response: ServerResponse) => void;

let fake: FakeApiServer;
let api: ApiClient;

before(async () => {
  fake = await FakeApiServer.start(() => {});
  api = await fake.connect();
});

beforeEach(() => {
  fake.requests.length = 0;
});

after(() => fake.close());

/** Answers in that order, then with success. */
function answer(...answers: Answer[]): void {
  fake.behaviour = (_request, response) => {
    const next = answers.shift();
    if (next === undefined) reply(response, 200, { done: true });
    else next(response);
  };
}

async function failure(request: ApiRequest, code: ErrorCode): Promise<AppError> {
  const error = await api.send(request, signal).then(() => undefined, (error) => error);
  assert.ok(isAppError(error, code), `not ${code} but ${error}`);
  return error;
}

const done = { done: true };
const breakOff: Answer = (response) => (response.socket as Socket).destroy();
const halfJson: Answer = (response) => {
  response.writeHead(200, { "content-length": 100 });
  response.write('{"kind":');
  setTimeout(() => breakOff(response), 10);
};
const status = (code: number, body: Record<string, unknown> = {}): Answer => (response) =>
  refuse(response, code, body);

test("an answer's status says what went wrong", async () => {
  const rbac =
    'sites.skupper.io is forbidden: User "jane" cannot get resource "sites" in API group';
  const table: [status: number, body: Record<string, unknown>, code: ErrorCode, wording: RegExp][] =
    [
      [401, {}, "unauthenticated", /credentials of context "test"$/],
      [
        403,
        { message: rbac },
        "forbidden",
        /^User "jane" may not get sites.skupper.io in .*"shop"/,
      ],
      [
        403,
        { message: rbac.replace("jane", "system:anonymous") },
        "unauthenticated",
        /not recognised/,
      ],
      [
        403,
        { message: 'admission webhook "x" denied the request: no' },
        "request-denied",
        /to get this of sites.skupper.io: admission webhook "x" denied/,
      ],
      [
        403,
        {
          message: "is being terminated",
          details: { causes: [{ reason: "NamespaceTerminating" }] },
        },
        "namespace-terminating",
        /"shop" is being deleted/,
      ],
      [404, { details: { kind: "sites" } }, "resource-not-found", /Site "west" does not exist/],
      [404, { details: { kind: "namespaces" } }, "namespace-not-found", /Namespace "shop"/],
      [409, {}, "conflict", /Site "west" was changed/],
      [410, { message: "too old" }, "api-failed", /answered 410: too old/],
      [
        422,
        {
          message: "all of it",
          details: {
            causes: [
              { field: "spec.cost", message: 'Invalid value: "x": must be an integer' },
              { field: "spec.code", message: 'Invalid value: "secret": too long' },
              { reason: "FieldValueRequired", field: "data[tls.crt]", message: "Required value" },
            ],
          },
        },
        "resource-invalid",
        /Site "west": spec.cost: .*integer; spec.code is not acceptable; data\[tls.crt\] is missing$/,
      ],
      [400, { message: "bad" }, "resource-invalid", /bad$/],
    ];
  for (const [code, body, name, wording] of table) {
    answer(status(code, body), status(code, body));
    assert.match((await failure(getSite, name)).message, wording);
  }
});

test("a path the server does not know means that Skupper is not installed", async () => {
  answer((response) => response.writeHead(404).end("404 page not found\n"));
  const error = await failure(getSite, "crd-missing");
  assert.match(error.message, /sites\.skupper\.io/);
  assert.equal(error.exitCode, 3);
  answer((response) => response.writeHead(404).end("<html>Not Found</html>"));
  assert.match((await failure(getSite, "api-answer-invalid")).message, /answered 404: <html>/);
});

test("an answer that is no JSON is not Kubernetes'", async () => {
  for (const body of ["", "<html>", '{"kind":']) {
    answer((response) => response.writeHead(200).end(body));
    await failure(getSite, "api-answer-invalid");
  }
});

test("a read is tried again after what may pass", async () => {
  for (const trouble of [status(500), status(503), status(504), breakOff, halfJson]) {
    answer(trouble, trouble);
    assert.deepEqual(await api.send(getSite, signal), done);
  }
});

test("a read is not tried for ever", async () => {
  answer(...Array.from({ length: 20 }, () => status(500, { message: "etcd is down" })));
  const error = await failure(getSite, "api-failed");
  assert.match(error.message, /answered 500: etcd is down/);
  assert.equal(error.exitCode, 8);
  assert.ok(fake.requests.length > 2 && fake.requests.length < 10);
});

test("an update is tried again, a creation that may have been carried out is not", async () => {
  for (const trouble of [status(500), status(503), breakOff, halfJson]) {
    answer(trouble);
    assert.deepEqual(await api.send(updateSite, signal), done);
    fake.requests.length = 0;
    answer(trouble);
    await assert.rejects(
      api.send(createSite, signal),
      (error) => isAppError(error, "api-failed", "unreachable"),
    );
    assert.equal(fake.requests.length, 1);
  }
});

test("429 is tried again whatever the request, when the server says", async () => {
  const busy = (after: string): Answer => (response) =>
    refuse(response, 429, { message: "busy" }, { "retry-after": after });
  for (const request of [getSite, createSite, updateSite]) {
    answer(busy("0"), busy("0"));
    assert.deepEqual(await api.send(request, signal), done);
  }
  answer(busy("3600"));
  assert.match((await failure(getSite, "api-failed")).message, /answered 429: busy/);
});

test("a server that is not there is named, with the context", async () => {
  await fake.interrupt();
  try {
    const error = await failure(createSite, "unreachable");
    assert.equal(error.exitCode, 8);
    assert.ok(error.message.includes(`${fake.url}: the connection was refused`));
    assert.match((error.data as { hint: string }).hint, /context "test"/);
  } finally {
    await fake.resume();
  }
});

test("a server that comes back within moments is waited for, by creations too", async () => {
  answer();
  await api.send(getSite, signal);
  await fake.interrupt();
  const creating = api.send(createSite, signal);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await fake.resume();
  assert.deepEqual(await creating, done);
});

test("a request ends at once with its signal, whatever the server does", async () => {
  const reason = new Error("enough");
  const silent: Answer = () => {};
  const trickle: Answer = (response) => {
    const more = setInterval(() => response.write(" "), 10);
    response.on("close", () => clearInterval(more));
  };
  const slowDown: Answer = (response) => refuse(response, 429, {}, { "retry-after": "20" });
  for (const trouble of [silent, trickle, slowDown]) {
    answer(trouble);
    const stop = new AbortController();
    const waiting = assert.rejects(api.send(getSite, stop.signal), reason);
    setTimeout(() => stop.abort(reason), 50);
    await waiting;
  }
  answer();
  assert.deepEqual(await api.send(getSite, signal), done);
});

test("a server that says nothing is named by a command whose time is up", async () => {
  answer(() => {});
  const deadline = startDeadline(200, new AbortController().signal);
  await assert.rejects(api.send(getSite, deadline.signal), (error: Error) => {
    assert.equal(error.message, `Timed out after 200ms waiting for an answer from ${api.url}`);
    return isAppError(error, "timed-out");
  });
});

test("100 requests at once are all answered", async () => {
  answer();
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => api.send(getSite, signal)),
  );
  assert.deepEqual(answers, Array.from({ length: 100 }, () => done));
});

test("no error shows the token", async () => {
  const token = "secret-token";
  for (const trouble of [status(401), status(403), status(422), status(503)]) {
    answer(trouble, trouble, trouble, trouble, trouble, trouble, trouble);
    const error = await api.send(createSite, signal).then(() => undefined, (error) => error);
    assert.ok(isAppError(error));
    assert.ok(!JSON.stringify([error.message, error.data, String(error.cause)]).includes(token));
  }
});
