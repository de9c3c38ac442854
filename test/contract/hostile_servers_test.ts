import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ServerAccess } from "../../platforms/kubernetes/access/server_access.ts";
import { ApiClient } from "../../platforms/kubernetes/api/client.ts";
import { listRequest } from "../../platforms/kubernetes/api/list.ts";
import { followObjects } from "../../platforms/kubernetes/api/watch.ts";
import { openEngineApi } from "../../platforms/container_engine/engine_api.ts";
import { AppError } from "../../src/errors/app_error.ts";
import { ask } from "../../src/jfrog/access/exchange.ts";
import { within } from "../../src/runtime/abortable.ts";
import { probeToken, requestRedemption } from "../../src/token/redeem_client.ts";
import { type Deadline, startDeadline } from "../../src/wait/deadline.ts";
import { makeSurroundings } from "../fakes/access_surroundings.ts";
import { makeIdentity } from "../fakes/grant_service.ts";
import { hostilities, type Hostility, startHostileServer } from "../fakes/hostile_server.ts";
import { makeToken } from "../fakes/tokens.ts";

/** A client of ours: it asks the server at `port`, or at the unix socket `path`. */
interface Client {
  name: string;
  speaksTls: boolean;
  ask(place: { port: number; path: string }, deadline: Deadline): Promise<unknown>;
}

const { authority, identity } = await makeIdentity({});
const ca = authority.certificatePem;
const folder = mkdtempSync(join(tmpdir(), "hawser-hostile-"));
const surroundings = makeSurroundings(ca);
const never = new AbortController().signal;

/** What a test that found nothing wrong must not wait for. */
const hungMs = 60_000;

after(() => {
  rmSync(folder, { recursive: true });
  surroundings.remove();
});

function kubernetes(port: number): ApiClient {
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    "certificate-authority-data": Buffer.from(ca).toString("base64"),
  };
  const context = { name: "hostile", cluster, user: {}, namespace: undefined, files: ["config"] };
  return new ApiClient(new ServerAccess(context, {}), "test");
}

const site = { kind: "Site", namespace: "shop", name: "west" } as const;

const clients: Client[] = [
  {
    name: "a redemption",
    speaksTls: true,
    ask: ({ port }, deadline) =>
      requestRedemption(
        makeToken({ url: `https://127.0.0.1:${port}/grant`, ca }),
        { name: "west", subject: "site-uid", csr: Uint8Array.of(1) },
        deadline,
        { env: {}, now: Date.now },
      ),
  },
  {
    name: "a probe of a token",
    speaksTls: true,
    ask: ({ port }, { signal }) =>
      probeToken(
        makeToken({ url: `https://127.0.0.1:${port}/grant`, ca }),
        { env: {}, now: Date.now },
        signal,
      ),
  },
  {
    name: "a request to JFrog that makes a token",
    speaksTls: true,
    ask: ({ port }, deadline) =>
      ask(
        { url: `https://127.0.0.1:${port}/`, credentials: { accessToken: "secret" } },
        { method: "POST", path: "tokens", body: { type: "text/plain", text: "x" }, mints: true },
        surroundings,
        deadline,
      ),
  },
  {
    name: "a request to JFrog without TLS",
    speaksTls: false,
    ask: ({ port }, deadline) =>
      ask(
        { url: `http://127.0.0.1:${port}/` },
        { method: "GET", path: "tokens" },
        surroundings,
        deadline,
      ),
  },
  {
    name: "a read from Kubernetes",
    speaksTls: true,
    ask: ({ port }, { signal }) => kubernetes(port).send({ verb: "get", ...site }, signal),
  },
  {
    name: "a write to Kubernetes",
    speaksTls: true,
    ask: ({ port }, { signal }) =>
      kubernetes(port).send({ verb: "create", ...site, body: {} }, signal),
  },
  {
    name: "a watch of Kubernetes",
    speaksTls: true,
    async ask({ port }, { signal }) {
      const changes = followObjects(
        kubernetes(port),
        listRequest("Site", "shop"),
        new Map(),
        signal,
      );
      for await (const _ of changes);
    },
  },
  {
    name: "an opened watch of Kubernetes",
    speaksTls: true,
    async ask({ port }, { signal }) {
      const api = kubernetes(port);
      const answer = await api.open({ verb: "watch", kind: "Site", namespace: "shop" }, signal);
      try {
        for await (const _ of answer.chunks(signal));
      } catch (error) {
        throw api.describeFailure(error);
      } finally {
        answer.close();
      }
    },
  },
  {
    name: "a call of a container engine",
    speaksTls: false,
    ask: ({ path }, { signal }) => openEngineApi(path, signal),
  },
];

for (const client of clients) {
  test(`${client.name} ends, and leaves no connection, whatever the server does`, async () => {
    const fitting = hostilities.filter(({ needsTls }) => client.speaksTls || !needsTls);
    const findings = await Promise.all(fitting.map((hostility) => tryOut(client, hostility)));
    assert.deepEqual(findings.flat(), []);
  });
}

let sockets = 0;

/** What is wrong with how a client takes that. */
async function tryOut(client: Client, hostility: Hostility): Promise<string[]> {
  const path = join(folder, `${++sockets}.sock`);
  const server = await startHostileServer(
    hostility,
    client.speaksTls ? identity : undefined,
    client.name.includes("engine") ? path : undefined,
  );
  const deadline = startDeadline(700, never);
  const hung = (what: string) => () => new Error(what);
  try {
    const asked = () => client.ask({ port: server.port, path }, deadline);
    const error = await within(hungMs, hung("does not end"), asked, never)
      .then(() => undefined, (error) => error);
    // an answer that is none of those asked for is one: not all of this is against the rules
    if (error === undefined) return [];
    if (!(error instanceof AppError)) return [`${hostility.what}: ${error}`];
    await within(hungMs, hung("is not left"), () => server.left(), never);
    return [];
  } catch (error) {
    return [`${hostility.what}: ${(error as Error).message}`];
  } finally {
    deadline.end();
    await server.close();
  }
}
