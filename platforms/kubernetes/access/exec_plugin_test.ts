import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { after, before, beforeEach, test } from "node:test";
import { type AppError, isAppError } from "../../../src/errors/app_error.ts";
import { startDeadline } from "../../../src/wait/deadline.ts";
import { FakeApiServer, reply } from "../../../test/fakes/kube_api_server.ts";
import type { ApiClient } from "../api/client.ts";
import type { ApiRequest } from "../api/request.ts";

const apiVersion = "client.authentication.k8s.io/v1";
const signal = new AbortController().signal;
const getSite: ApiRequest = { verb: "get", kind: "Site", namespace: "default", name: "west" };

let fake: FakeApiServer;
let count = 0;

before(async () => {
  fake = await FakeApiServer.start((_request, response) => reply(response, 200, {}));
});

beforeEach(() => {
  fake.requests.length = 0;
  fake.behaviour = (_request, response) => reply(response, 200, {});
});

after(() => fake.close());

/** A plugin that is a shell script; `runs` tells how often it ran. */
async function plugin(
  script: string,
  fields: Record<string, unknown> = {},
): Promise<{ api: ApiClient; runs(): number; folder: string }> {
  const folder = path.join(fake.folder, `plugin-${++count}`);
  fs.mkdirSync(folder);
  const command = path.join(folder, "login");
  fs.writeFileSync(
    command,
    `#!/bin/sh\ncd ${folder}\necho run >> runs\nn=$(wc -l < runs)\n${script}`,
    { mode: 0o700 },
  );
  const exec = { apiVersion, command, ...fields };
  return {
    api: await fake.connect({ user: { exec } }, { PATH: process.env["PATH"]!, FROM: "outside" }),
    runs: () => fs.readFileSync(path.join(folder, "runs"), "utf8").trim().split("\n").length,
    folder,
  };
}

/** Shell that prints a credential; its status may hold shell variables. */
function print(status: string): string {
  return `cat <<END
{"apiVersion":"${apiVersion}","kind":"ExecCredential","status":${status}}
END`;
}

function tokens(): (string | undefined)[] {
  return fake.requests.map(({ headers }) => headers["authorization"]);
}

async function failure(api: ApiClient): Promise<AppError> {
  const error = await api.send(getSite, signal).then(() => undefined, (error) => error);
  assert.ok(isAppError(error, "credentials-failed"), `${error}`);
  assert.equal(error.exitCode, 4);
  return error;
}

test("a plugin's token is used until it expires", async () => {
  const lasting = await plugin(print('{"token":"token-$n"}'));
  for (let round = 0; round < 3; round++) await lasting.api.send(getSite, signal);
  assert.equal(lasting.runs(), 1);
  assert.deepEqual(tokens(), ["Bearer token-1", "Bearer token-1", "Bearer token-1"]);

  fake.requests.length = 0;
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  const expiring = await plugin(`
    [ $n = 1 ] && end=2001-01-01T00:00:00Z || end=${inAnHour}
    ${print('{"token":"token-$n","expirationTimestamp":"$end"}')}`);
  for (let round = 0; round < 3; round++) await expiring.api.send(getSite, signal);
  assert.deepEqual(tokens(), ["Bearer token-1", "Bearer token-2", "Bearer token-2"]);
});

test("a plugin runs once for requests that are made at once", async () => {
  const { api, runs } = await plugin(`sleep 0.2; ${print('{"token":"t"}')}`);
  await Promise.all(Array.from({ length: 5 }, () => api.send(getSite, signal)));
  assert.equal(runs(), 1);
});

test("a plugin is asked anew when the server does not accept its token", async () => {
  fake.behaviour = ({ headers }, response) =>
    reply(response, headers["authorization"] === "Bearer token-2" ? 200 : 401, {});
  const { api } = await plugin(print('{"token":"token-$n"}'));
  await api.send(getSite, signal);
  assert.deepEqual(tokens(), ["Bearer token-1", "Bearer token-2"]);
  fake.behaviour = (_request, response) => reply(response, 401, {});
  await assert.rejects(api.send(getSite, signal), (error) => isAppError(error, "unauthenticated"));
  assert.equal(tokens().length, 4);
});

test("a plugin's certificate is the one the connection is made with", async () => {
  const pair = fake.authority.signClient("jane");
  const pem = (file: string) =>
    JSON.stringify(fs.readFileSync(file, "utf8")).replaceAll("\\", "\\\\");
  const status = `{"clientCertificateData":${pem(pair.certificate)},"clientKeyData":${
    pem(pair.key)
  }}`;
  const { api } = await plugin(print(status));
  await api.send(getSite, signal);
  assert.deepEqual(tokens(), [undefined]);
});

test("a plugin is told what it is asked for, in its environment", async () => {
  const { api, folder } = await plugin(
    `printf '%s' "$KUBERNETES_EXEC_INFO" > info; printf '%s %s %s' "$1" "$GIVEN" "$FROM" > given
     ${print('{"token":"t"}')}`,
    { args: ["get"], env: [{ name: "GIVEN", value: "value" }], provideClusterInfo: true },
  );
  await api.send(getSite, signal);
  assert.deepEqual(JSON.parse(fs.readFileSync(path.join(folder, "info"), "utf8")), {
    apiVersion,
    kind: "ExecCredential",
    spec: {
      interactive: false,
      cluster: {
        server: fake.url,
        "certificate-authority-data": fs.readFileSync(fake.authority.certificate, "base64"),
      },
    },
  });
  assert.equal(fs.readFileSync(path.join(folder, "given"), "utf8"), "get value outside");
});

test("a plugin that fails is named, with what it said", async () => {
  const { api } = await plugin("echo 'run: cloud login' >&2; exit 3");
  assert.match(
    (await failure(api)).message,
    /plugin-\d+\/login: it ended with code 3: run: cloud login$/,
  );
});

test("a plugin that is not there is named, with how to install it", async () => {
  const missing = { command: "no-such-plugin", installHint: "Install it from https://x.example" };
  const { api } = await plugin("", missing);
  const error = await failure(api);
  assert.match(error.message, /no-such-plugin: it is not installed$/);
  assert.equal((error.data as { hint: string }).hint, missing.installHint);
  const notExecutable = await plugin("", { command: fake.authority.certificate });
  assert.match((await failure(notExecutable.api)).message, /it may not be run$/);
});

test("what a plugin prints is checked, and not repeated", async () => {
  const table: [script: string, why: RegExp][] = [
    ["echo secret-garbage", /it printed no JSON$/],
    ["true", /it printed no JSON$/],
    ["echo null", /it printed no ExecCredential/],
    ['echo \'{"token":"secret"}\'', /it printed no ExecCredential/],
    [print('{"token":"secret"}').replace("/v1", "/v1beta1"), /no ExecCredential of .*\/v1$/],
    [print("{}"), /neither a token nor a certificate/],
    [print('{"clientCertificateData":"secret"}'), /neither a token nor a certificate/],
    ["head -c 3000000 /dev/zero", /login: it printed more than 1048576 bytes$/],
  ];
  for (const [script, why] of table) {
    const error = await failure((await plugin(script)).api);
    assert.match(error.message, why);
    assert.doesNotMatch(`${error.message}${error.cause}`, /secret/);
  }
});

test("a plugin that hangs ends with the request, and is killed with the last of them", async () => {
  const { api, folder } = await plugin("echo $$ > pid.part; mv pid.part pid; exec sleep 600");
  const [one, two] = [new AbortController(), new AbortController()];
  const enough = new Error("enough");
  const first = assert.rejects(api.send(getSite, one.signal), enough);
  const second = assert.rejects(api.send(getSite, two.signal), enough);
  const file = path.join(folder, "pid");
  while (!fs.existsSync(file)) await pause();
  const pid = Number(fs.readFileSync(file, "utf8"));
  one.abort(enough);
  await first;
  assert.ok(isRunning(pid));
  two.abort(enough);
  await second;
  while (isRunning(pid)) await pause();
});

test("with a plugin ends all that it has started, whether it answers or is given up", async () => {
  const leave = "sleep 600 & echo $! > pid.part; mv pid.part pid";
  const answering = await plugin(`${leave}; ${print('{"token":"t"}')}`);
  await answering.api.send(getSite, signal);
  const hanging = await plugin(`${leave}; wait`);
  const given = new AbortController();
  const enough = new Error("enough");
  const sent = assert.rejects(hanging.api.send(getSite, given.signal), enough);
  while (!fs.existsSync(path.join(hanging.folder, "pid"))) await pause();
  given.abort(enough);
  await sent;
  for (const { folder } of [answering, hanging]) {
    const pid = Number(fs.readFileSync(path.join(folder, "pid"), "utf8"));
    while (isRunning(pid)) await pause();
  }
});

test("a plugin's answer is taken although one that it left behind holds its pipe", async () => {
  const { api, folder } = await plugin(
    `setsid sh -c 'echo $$ > pid.part; mv pid.part pid; exec sleep 600' &
     while [ ! -e pid ]; do sleep 0.01; done; ${print('{"token":"t"}')}`,
  );
  await api.send(getSite, signal);
  assert.deepEqual(tokens(), ["Bearer t"]);
  process.kill(Number(fs.readFileSync(path.join(folder, "pid"), "utf8")), "SIGKILL");
});

test("a plugin that hangs is named by a command whose time is up", async () => {
  const { api, folder } = await plugin("exec sleep 600");
  const deadline = startDeadline(200, new AbortController().signal);
  await assert.rejects(api.send(getSite, deadline.signal), (error: Error) => {
    assert.ok(isAppError(error, "timed-out"));
    assert.match(error.message, /^Timed out after 200ms waiting for credentials from /);
    assert.ok(error.message.includes(folder));
    return true;
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
