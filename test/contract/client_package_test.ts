import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { loadContext } from "../../platforms/kubernetes/access/kubeconfig.ts";
import { ServerAccess } from "../../platforms/kubernetes/access/server_access.ts";
import { ApiClient } from "../../platforms/kubernetes/api/client.ts";
import type { ApiRequest } from "../../platforms/kubernetes/api/request.ts";
import { FakeApiServer, reply } from "../fakes/kube_api_server.ts";

// Six cases in which @kubernetes/client-node fails and ours does not: docs/decisions/0002 rests on
// them. A test that fails here with `mended` is good news.

const signal = new AbortController().signal;
const getSite: ApiRequest = { verb: "get", kind: "Site", namespace: "default", name: "west" };
const mended = "@kubernetes/client-node does it now: reopen docs/decisions/0002";

let fake: FakeApiServer;

before(async () => {
  fake = await FakeApiServer.start((_request, response) => reply(response, 200, { items: [] }));
});

after(() => fake.close());

describe("several kubeconfigs", () => {
  test("of two that name the same cluster, the first counts", async () => {
    const files = [fake.kubeconfig(), fake.kubeconfig({ user: { token: "other" } })];
    const ours = await load(files);
    assert.equal(ours.user.token, "secret-token");
    assert.throws(() => loadByPackage(files), /Duplicate cluster: c/, mended);
  });

  test("one that is not there is passed over", async () => {
    const files = [fake.kubeconfig(), path.join(fake.folder, "absent")];
    assert.equal((await load(files)).name, "test");
    assert.throws(() => loadByPackage(files), { code: "ENOENT" }, mended);
  });
});

describe("a plugin", () => {
  test("that hangs ends with the request", async () => {
    const kubeconfig = plugin("hangs", "echo $$ > pid.part; mv pid.part pid; exec sleep 600");
    const pid = path.join(fake.folder, "hangs", "pid");
    const given = new AbortController();
    const ours = (await connect(kubeconfig)).send(getSite, given.signal);
    await until(() => fs.existsSync(pid));
    given.abort(new Error("enough"));
    await assert.rejects(ours, /enough/);
    fs.rmSync(pid);

    const theirs = byPackage(kubeconfig).applyToHTTPSOptions({ signal: AbortSignal.abort() });
    const settled = theirs.then(() => "settled", () => "settled");
    await until(() => fs.existsSync(pid));
    const later = new Promise((resolve) => setTimeout(resolve, 300, "hangs"));
    const first = await Promise.race([settled, later]);
    process.kill(Number(fs.readFileSync(pid, "utf8")), "SIGKILL");
    await settled;
    assert.equal(first, "hangs", mended);
  });

  test("that prints nonsense is an error that repeats nothing of it", async () => {
    const nonsense = plugin("nonsense", "echo secret-nonsense");
    const ours = await reasonOf((await connect(nonsense)).send(getSite, signal));
    assert.match(ours, /printed no JSON/);
    assert.doesNotMatch(ours, /secret/);
    const empty = plugin("empty", "echo '{}'");
    assert.match(await reasonOf((await connect(empty)).send(getSite, signal)), /no ExecCredential/);

    const theirs = await reasonOf(byPackage(empty).applyToHTTPSOptions({}));
    assert.match(theirs, /undefined/, mended);
  });
});

describe("an OIDC token", () => {
  let provider: Server;
  let issuer: string;
  let refreshes: string[];

  before(async () => {
    const pair = fake.authority.signServer("provider", "IP:127.0.0.1");
    const files = { cert: fs.readFileSync(pair.certificate), key: fs.readFileSync(pair.key) };
    provider = createServer(files, (request, response) => {
      if (request.url === "/.well-known/openid-configuration") {
        return reply(response, 200, { issuer, token_endpoint: `${issuer}/token` });
      }
      let body = "";
      request.on("data", (chunk) => body += chunk);
      request.on("end", () => {
        refreshes.push(new URLSearchParams(body).get("refresh_token") ?? "");
        reply(response, 200, {
          ...{ id_token: idToken(3600), refresh_token: `refresh-${refreshes.length + 1}` },
          ...{ access_token: "access", token_type: "bearer", expires_in: 3600 },
        });
      });
    });
    await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
    issuer = `https://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  });

  after(() => {
    provider.close();
    provider.closeAllConnections();
  });

  test("that was refreshed is used until it expires, and its successor is kept", async () => {
    refreshes = [];
    const mine = expired();
    const api = await connect(mine);
    for (let round = 0; round < 3; round++) await api.send(getSite, signal);
    assert.deepEqual(refreshes, ["refresh-1"]);
    assert.match(fs.readFileSync(mine, "utf8"), /refresh-2/);

    refreshes = [];
    const theirs = await reasonOf(byPackage(expired()).applyToHTTPSOptions({ headers: {} }));
    assert.match(theirs, /"server" must be an instance of URL/, mended);
    assert.deepEqual(refreshes, []);
  });

  function expired(): string {
    const config = {
      "idp-issuer-url": issuer,
      "idp-certificate-authority": fake.authority.certificate,
      "client-id": "cli",
      "client-secret": "secret",
      "refresh-token": "refresh-1",
      "id-token": idToken(-60),
    };
    return fake.kubeconfig({ user: { "auth-provider": { name: "oidc", config } } });
  }

  function idToken(lifetime: number): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, aud: "cli", sub: "me", iat: now, exp: now + lifetime };
    const parts = [{ alg: "RS256" }, claims, "signature"];
    return parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  }
});

test("a request reaches a server of the kubeconfig's own authority under the runtime that ships", async () => {
  const kubeconfig = fake.kubeconfig();
  await (await connect(kubeconfig)).send(getSite, signal);
  const listing = byPackage(kubeconfig).makeApiClient(CoreV1Api).listNamespace();
  if ("Bun" in globalThis) {
    assert.match(await reasonOf(listing), /unable to verify the first certificate/, mended);
  } else await listing;
});

function load(files: string[]) {
  const env = { KUBECONFIG: files.join(path.delimiter) };
  return loadContext({ kubeconfig: undefined, context: undefined, env });
}

function loadByPackage(files: string[]): KubeConfig {
  const before = process.env["KUBECONFIG"];
  process.env["KUBECONFIG"] = files.join(path.delimiter);
  try {
    const config = new KubeConfig();
    config.loadFromDefault();
    return config;
  } finally {
    if (before === undefined) delete process.env["KUBECONFIG"];
    else process.env["KUBECONFIG"] = before;
  }
}

async function connect(kubeconfig: string): Promise<ApiClient> {
  const env = { PATH: process.env["PATH"]! };
  const context = await loadContext({ kubeconfig, context: undefined, env });
  return new ApiClient(new ServerAccess(context, env), "hawser/test");
}

function byPackage(kubeconfig: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return config;
}

/** The kubeconfig of a user whose plugin is that shell script, run in a folder of that name. */
function plugin(name: string, script: string): string {
  const folder = path.join(fake.folder, name);
  fs.mkdirSync(folder);
  const command = path.join(folder, "login");
  fs.writeFileSync(command, `#!/bin/sh\ncd ${folder}\n${script}\n`, { mode: 0o700 });
  const apiVersion = "client.authentication.k8s.io/v1";
  return fake.kubeconfig({ user: { exec: { apiVersion, command, interactiveMode: "Never" } } });
}

/** Why it failed, "" if it did not. */
async function reasonOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => "", (error) => `${error?.message ?? error}`);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
