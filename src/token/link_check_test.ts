import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { createServer } from "node:tls";
import { isAppError } from "../errors/app_error.ts";
import { createAuthority, loadAuthority } from "../pki/authority.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import type { Link } from "../resources/link.ts";
import { apiVersion } from "../resources/resource.ts";
import type { Secret } from "../resources/secret.ts";
import { checkLink, type EndpointCheck } from "./link_check.ts";

const never = new AbortController().signal;
const site = await newAuthority();
const stranger = await newAuthority();
const saslHeader = Buffer.from("AMQP\x03\x01\x00\x00", "latin1");

async function newAuthority() {
  const made = await createAuthority("skupper-site-ca");
  return await loadAuthority(made.certificatePem, made.privateKeyPem);
}

async function makeSecret(signer = site, trusted = site): Promise<Secret> {
  const keys = await createKeyPair();
  const { certificatePem } = await signer.signClient({
    commonName: "east",
    publicKey: keys.publicKey,
    lifetimeMs: 3_600_000,
  });
  const encode = (text: string) => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "west-6bfn6" },
    data: {
      "ca.crt": encode(trusted.certificatePem),
      "tls.crt": encode(certificatePem),
      "tls.key": encode(keys.privateKeyPem),
    },
  };
}

function makeLink(...endpoints: { host: string; port: number }[]): Link {
  return {
    apiVersion,
    kind: "Link",
    metadata: { name: "west-6bfn6" },
    spec: {
      endpoints: endpoints.map(({ host, port }) => ({
        name: "inter-router",
        host,
        port: String(port),
      })),
      tlsCredentials: "west-6bfn6",
    },
  };
}

async function listening(server: Server): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A router's side of a link: takes clients of the site's authority only. */
async function startRouter(serve: (socket: Socket) => void, hosts = ["127.0.0.1"]) {
  const keys = await createKeyPair();
  const { certificatePem } = await site.signServer({
    commonName: "west",
    hosts,
    publicKey: keys.publicKey,
    lifetimeMs: 3_600_000,
  });
  return await listening(createServer({
    key: keys.privateKeyPem,
    cert: certificatePem,
    ca: site.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  }, (socket) => {
    socket.on("error", () => {});
    serve(socket);
  }));
}

function steps({ steps }: EndpointCheck): string[] {
  return steps.map(({ step, ok }) => `${step} ${ok ? "ok" : "failed"}`);
}

function failure(check: EndpointCheck): string {
  assert.equal(check.ok, false);
  return check.steps.at(-1)!.detail;
}

test("checkLink() finds a router that accepts the link", async () => {
  const received: Buffer[] = [];
  const router = await startRouter((socket) => {
    socket.once("data", (data) => {
      received.push(data as Buffer);
      socket.write(saslHeader);
    });
  });
  const [check] = await checkLink(
    makeLink({ host: "127.0.0.1", port: router.port }),
    await makeSecret(),
    never,
  );
  assert.deepEqual(check, {
    name: "inter-router",
    host: "127.0.0.1",
    port: String(router.port),
    ok: true,
    steps: [
      { step: "connection", ok: true, detail: `connected to port ${router.port}` },
      { step: "tls", ok: true, detail: "TLSv1.3, its certificate is for 127.0.0.1" },
      { step: "certificate", ok: true, detail: "a router accepts it" },
    ],
  });
  assert.deepEqual(received, [saslHeader]);
  await router.close();
});

test("checkLink() takes silence for consent, and looks names up", async () => {
  const router = await startRouter(() => {}, ["localhost"]);
  const link = makeLink({ host: "localhost", port: router.port });
  const [check] = await checkLink(link, await makeSecret(), never);
  assert.deepEqual(steps(check!), ["name ok", "connection ok", "tls ok", "certificate ok"]);
  assert.equal(check!.steps.at(-1)!.detail, "the server has no objection");
  await router.close();
});

test("checkLink() sees that the link's certificate is refused", async () => {
  const router = await startRouter((socket) => socket.write(saslHeader));
  const link = makeLink({ host: "127.0.0.1", port: router.port });
  const [check] = await checkLink(link, await makeSecret(stranger), never);
  assert.deepEqual(steps(check!), ["connection ok", "tls ok", "certificate failed"]);
  assert.match(failure(check!), /the server (refuses|closed)/);
  await router.close();
});

test("checkLink() tells at which step each endpoint fails", async () => {
  const router = await startRouter(() => {}, ["elsewhere.example"]);
  const plain = await listening(createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  }));
  const gone = await listening(createTcpServer());
  await gone.close();
  const checks = await checkLink(
    makeLink(
      { host: "127.0.0.1", port: router.port },
      { host: "127.0.0.1", port: plain.port },
      { host: "127.0.0.1", port: gone.port },
      { host: "no-such-host.invalid", port: 55671 },
    ),
    await makeSecret(),
    never,
  );
  assert.deepEqual(checks.map(steps), [
    ["connection ok", "tls failed"],
    ["connection ok", "tls failed"],
    ["connection failed"],
    ["name failed"],
  ]);
  assert.match(failure(checks[0]!), /certificate is not for 127\.0\.0\.1/);
  assert.match(failure(checks[1]!), /does not speak TLS/);
  assert.match(failure(checks[2]!), /connection was refused/);
  assert.match(failure(checks[3]!), /its name/);
  await router.close();
  await plain.close();
});

test("checkLink() does not trust a server of another authority", async () => {
  const router = await startRouter(() => {});
  const secret = await makeSecret(site, stranger);
  const link = makeLink({ host: "127.0.0.1", port: router.port });
  const [check] = await checkLink(link, secret, never);
  assert.deepEqual(steps(check!), ["connection ok", "tls failed"]);
  assert.match(failure(check!), /not signed by the authority/);
  await router.close();
});

test("checkLink() refuses a Secret without a key, and ends with its signal", async () => {
  const secret = await makeSecret();
  const { "tls.key": _, ...data } = secret.data!;
  await assert.rejects(
    async () => await checkLink(makeLink(), { ...secret, data }, never),
    (error) => isAppError(error, "resource-invalid") && /has no tls\.key/.test(error.message),
  );
  const silent = await listening(createTcpServer());
  const controller = new AbortController();
  const link = makeLink({ host: "127.0.0.1", port: silent.port });
  const checking = checkLink(link, secret, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(checking, /enough/);
  await silent.close();
});
