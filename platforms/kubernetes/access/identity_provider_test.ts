import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { FakeApiServer, reply } from "../../../test/fakes/kube_api_server.ts";
import { ApiClient } from "../api/client.ts";
import type { ApiRequest } from "../api/request.ts";
import { loadContext } from "./kubeconfig.ts";
import { ServerAccess } from "./server_access.ts";

const signal = new AbortController().signal;
const getSite: ApiRequest = { verb: "get", kind: "Site", namespace: "default", name: "west" };

let fake: FakeApiServer;
let provider: Server;
let issuer: string;
/** How far the API server's clock is ahead of this machine's. */
let serverAheadMs = 0;
/** What the provider says of itself beyond its addresses. */
let methods: Record<string, unknown>;
/** What it gives for a refresh token, and how it was asked. */
let answer: { status: number; body: Record<string, unknown> };
let asked: { form: URLSearchParams; authorization: string | undefined }[];

before(async () => {
  fake = await FakeApiServer.start((request, response) => {
    const now = Date.now() + serverAheadMs;
    response.setHeader("date", new Date(now).toUTCString());
    const claims = (request.headers.authorization ?? "").split(".")[1] ?? "";
    const { exp = Infinity } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}");
    reply(response, serverAheadMs > 0 && exp * 1000 <= now ? 401 : 200, {});
  });
  const pair = fake.authority.signServer("provider", "IP:127.0.0.1");
  const files = { cert: fs.readFileSync(pair.certificate), key: fs.readFileSync(pair.key) };
  provider = createServer(files, (request, response) => {
    if (request.url === "/.well-known/openid-configuration") {
      return reply(response, 200, { issuer, token_endpoint: `${issuer}/token`, ...methods });
    }
    let body = "";
    request.on("data", (chunk) => body += chunk);
    request.on("end", () => {
      asked.push({
        form: new URLSearchParams(body),
        authorization: request.headers["authorization"],
      });
      reply(response, answer.status, answer.body);
    });
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  issuer = `https://127.0.0.1:${(provider.address() as AddressInfo).port}`;
});

beforeEach(() => {
  fake.requests.length = 0;
  serverAheadMs = 0;
  asked = [];
  methods = {};
  answer = { status: 200, body: { id_token: idToken(3600) } };
});

after(async () => {
  provider.close();
  provider.closeAllConnections();
  await fake.close();
});

/** The file of a kubeconfig whose id token lives that many seconds from now on. */
function writeKubeconfig(
  lifetime: number,
  fields: Record<string, string | undefined> = {},
): string {
  const config = {
    "idp-issuer-url": issuer,
    "idp-certificate-authority": fake.authority.certificate,
    "client-id": "cli",
    "client-secret": "secret",
    "refresh-token": "refresh-1",
    "id-token": idToken(lifetime),
    ...fields,
  };
  return fake.kubeconfig({ user: { "auth-provider": { name: "oidc", config } } });
}

async function connect(kubeconfig: string): Promise<ApiClient> {
  const context = await loadContext({ kubeconfig, context: undefined, env: {} });
  return new ApiClient(new ServerAccess(context, {}), "hawser/test");
}

function idToken(lifetime: number): string {
  const claims = { iss: issuer, exp: Math.floor(Date.now() / 1000) + lifetime };
  const parts = [{ alg: "RS256" }, claims, Math.random()];
  return parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}

test("an id token that is valid is used as it is", async () => {
  const kubeconfig = writeKubeconfig(600);
  await (await connect(kubeconfig)).send(getSite, signal);
  const token = /id-token: (\S+)/.exec(fs.readFileSync(kubeconfig, "utf8"))![1];
  assert.equal(fake.requests[0]!.headers["authorization"], `Bearer ${token}`);
  assert.deepEqual(asked, []);
});

test("an expired id token is refreshed, once for all requests", async () => {
  const api = await connect(writeKubeconfig(-600));
  await Promise.all(Array.from({ length: 5 }, () => api.send(getSite, signal)));
  await api.send(getSite, signal);
  assert.equal(asked.length, 1);
  assert.deepEqual(Object.fromEntries(asked[0]!.form), {
    grant_type: "refresh_token",
    refresh_token: "refresh-1",
  });
  const pair = Buffer.from("cli:secret").toString("base64");
  assert.equal(asked[0]!.authorization, `Basic ${pair}`);
  for (const { headers } of fake.requests) {
    assert.equal(headers["authorization"], `Bearer ${answer.body["id_token"]}`);
  }
});

test("an id token that has expired by the server's clock is refreshed, if this machine's is behind", async () => {
  serverAheadMs = 1_800_000;
  const api = await connect(writeKubeconfig(600));
  await api.send(getSite, signal);
  await api.send(getSite, signal);
  assert.equal(asked.length, 1);
  assert.equal(fake.requests.length, 3, "refused once, then both are served");
});

test("a client without a secret, or of a provider that wants it there, shows itself in the form", async () => {
  await (await connect(writeKubeconfig(-600, { "client-secret": undefined }))).send(
    getSite,
    signal,
  );
  methods = { token_endpoint_auth_methods_supported: ["client_secret_post"] };
  await (await connect(writeKubeconfig(-600))).send(getSite, signal);
  assert.deepEqual(asked.map(({ form }) => [form.get("client_id"), form.get("client_secret")]), [
    ["cli", null],
    ["cli", "secret"],
  ]);
});

test("a refresh token that is replaced is replaced in the kubeconfig, and nothing else there", async () => {
  answer.body["refresh_token"] = "refresh-2";
  const kubeconfig = writeKubeconfig(-600);
  fs.appendFileSync(kubeconfig, "# mine\n");
  const before = fs.readFileSync(kubeconfig, "utf8");
  await (await connect(kubeconfig)).send(getSite, signal);
  assert.equal(
    fs.readFileSync(kubeconfig, "utf8"),
    before.replace("refresh-1", "refresh-2"),
  );
  await (await connect(kubeconfig)).send(getSite, signal);
  assert.equal(asked.at(-1)!.form.get("refresh_token"), "refresh-2");
});

test("a provider that fails is named, with its reason and no secret", async () => {
  const failed = { error: "invalid_grant", error_description: "Token is expired" };
  const cases: [prepare: () => string, why: RegExp][] = [
    [() => {
      answer = { status: 400, body: failed };
      return writeKubeconfig(-600);
    }, /answered 400 invalid_grant Token is expired$/],
    [() => {
      answer = { status: 200, body: { access_token: "hidden" } };
      return writeKubeconfig(-600);
    }, /gave no id token$/],
    [() => {
      methods = { token_endpoint: "http://127.0.0.1/token" };
      return writeKubeconfig(-600);
    }, /"http:\/\/127.0.0.1\/token" is no https:/],
    [() => writeKubeconfig(-600, { "refresh-token": undefined }), /log in again$/],
    [() => writeKubeconfig(-600, { "idp-issuer-url": "https://127.0.0.1:1" }), /did not answer/],
    [
      () => writeKubeconfig(-600, { "idp-certificate-authority": undefined }),
      /did not answer/,
    ],
  ];
  for (const [prepare, why] of cases) {
    methods = {};
    const kubeconfig = prepare();
    const error = await connect(kubeconfig).then((api) => api.send(getSite, signal)).catch((e) =>
      e
    );
    assert.ok(isAppError(error, "credentials-failed"), `${error}`);
    assert.match(error.message, why);
    assert.doesNotMatch(error.message, /hidden|refresh-1|secret/);
  }
});

test("an auth-provider of another kind is refused", async () => {
  const user = { "auth-provider": { name: "gcp", config: {} } };
  await assert.rejects(fake.connect({ user }), (error) => isAppError(error, "credentials-failed"));
});
