import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import * as path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { FakeApiServer, type KubeconfigParts, reply } from "../../../test/fakes/kube_api_server.ts";
import type { ApiRequest } from "../api/request.ts";

const signal = new AbortController().signal;
const getSite: ApiRequest = { verb: "get", kind: "Site", namespace: "default", name: "west" };

let fake: FakeApiServer;
const servers: Server[] = [];

before(async () => {
  fake = await FakeApiServer.start((_request, response) => reply(response, 200, {}));
});

beforeEach(() => {
  fake.requests.length = 0;
  fake.behaviour = (_request, response) => reply(response, 200, {});
});

after(async () => {
  for (const server of servers) server.close();
  await fake.close();
});

/** The headers of a request with those parts of a kubeconfig. */
async function headersOf(parts: KubeconfigParts): Promise<IncomingMessage["headers"]> {
  await (await fake.connect(parts)).send(getSite, signal);
  return fake.requests.at(-1)!.headers;
}

function write(name: string, text: string, mode = 0o600): string {
  const file = path.join(fake.folder, name);
  fs.writeFileSync(file, text, { mode });
  return file;
}

async function listen<S extends Server>(server: S): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

test("a request carries the user's token, or name and password", async () => {
  const bearer = await headersOf({ user: { token: "t" } });
  assert.equal(bearer["authorization"], "Bearer t");
  assert.equal(bearer["user-agent"], "hawser/test");
  const basic = await headersOf({ user: { username: "u", password: "p" } });
  assert.equal(basic["authorization"], `Basic ${Buffer.from("u:p").toString("base64")}`);
  assert.equal((await headersOf({ user: {} }))["authorization"], undefined);
});

test("a token file is read again for each request, and wins over a token", async () => {
  const tokenFile = write("token", "first\n");
  const api = await fake.connect({ user: { tokenFile, token: "old" } });
  await api.send(getSite, signal);
  fs.writeFileSync(tokenFile, "second\n");
  await api.send(getSite, signal);
  const tokens = fake.requests.map(({ headers }) => headers["authorization"]);
  assert.deepEqual(tokens, ["Bearer first", "Bearer second"]);
});

test("a file that a kubeconfig names and that is not there is named", async () => {
  const file = path.join(fake.folder, "absent");
  for (
    const parts of [
      { user: { tokenFile: file } },
      { user: { "client-certificate": file } },
      { cluster: { "certificate-authority": file } },
    ]
  ) {
    await assert.rejects(
      headersOf(parts),
      (error) => isAppError(error, "not-readable") && error.message.includes(file),
    );
  }
});

test("impersonation reaches the server whole", async () => {
  const headers = await headersOf({
    user: {
      token: "t",
      as: "jane",
      "as-uid": "42",
      "as-groups": ["dev", "ops"],
      "as-user-extra": { "example.com/Scope": ["a", "b"] },
    },
  });
  assert.equal(headers["impersonate-user"], "jane");
  assert.equal(headers["impersonate-uid"], "42");
  assert.equal(headers["impersonate-group"], "dev, ops");
  assert.equal(headers["impersonate-extra-example.com%2fscope"], "a, b");
});

test("the path of a server's url comes before the API's", async () => {
  await (await fake.connect({ cluster: { server: `${fake.url}/k8s/c-1/` } })).send(getSite, signal);
  assert.equal(
    fake.requests.at(-1)!.path,
    "/k8s/c-1/apis/skupper.io/v2alpha1/namespaces/default/sites/west",
  );
});

test("a server is trusted by the kubeconfig's authority alone, unless it says otherwise", async () => {
  const data = fs.readFileSync(fake.authority.certificate).toString("base64");
  const file = { "certificate-authority": undefined };
  await headersOf({ cluster: { ...file, "certificate-authority-data": data } });
  await headersOf({ cluster: { ...file, "insecure-skip-tls-verify": true } });
  await headersOf({ cluster: { "tls-server-name": "kubernetes.test" } });
  for (
    const [cluster, why] of [
      [file, "its certificate is not trusted"],
      [{ "tls-server-name": "other.test" }, "its certificate is not for other.test"],
    ] as const
  ) {
    await assert.rejects(
      headersOf({ cluster }),
      (error) => isAppError(error, "tls-failed") && error.message.endsWith(why),
    );
  }
});

test("certificates and keys that can't be used are named", async () => {
  const [one, two] = [fake.authority.signClient("one"), fake.authority.signClient("two")];
  const none = write("none.pem", "not PEM");
  const pair = (certificate?: string, key?: string) => ({
    user: { "client-certificate": certificate, "client-key": key },
  });
  const table: [parts: KubeconfigParts, why: RegExp][] = [
    [{ cluster: { "certificate-authority": none } }, /certificate-authority is no certificate/],
    [pair(none, one.key), /client-certificate is none/],
    [pair(one.certificate, none), /client-key is no private key/],
    [pair(one.certificate), /without the other/],
    [pair(undefined, one.key), /without the other/],
    [pair(one.certificate, two.key), /not that of its client-certificate/],
  ];
  for (const [parts, why] of table) {
    await assert.rejects(
      headersOf(parts),
      (error) => isAppError(error, "kubeconfig-invalid") && why.test(error.message),
    );
  }
  await headersOf(pair(one.certificate, one.key));
});

test("connections are kept, and used by requests one after another", async () => {
  const api = await fake.connect();
  await api.send(getSite, signal);
  const before = fake.connections;
  for (let round = 0; round < 20; round++) await api.send(getSite, signal);
  assert.equal(fake.connections, before);
});

/** Passes CONNECT on to where it asks for, and counts. */
function connectProxy(server: Server): { asked: string[]; server: Server } {
  const asked: string[] = [];
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    const [, port] = request.url!.split(":");
    const onward = connect(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket);
      socket.pipe(onward);
    });
    for (const one of [socket, onward]) one.on("error", () => {});
    socket.on("close", () => onward.destroy());
  });
  return { asked, server };
}

test("proxy-url names an http or https proxy", async () => {
  const pair = fake.authority.signServer("proxy", "IP:127.0.0.1,DNS:localhost");
  const proxies = [
    { scheme: "http", ...connectProxy(createHttpServer()) },
    {
      scheme: "https",
      ...connectProxy(createHttpsServer({
        cert: fs.readFileSync(pair.certificate),
        key: fs.readFileSync(pair.key),
      })),
    },
  ];
  for (const { scheme, asked, server } of proxies) {
    const proxy = `${scheme}://user:pass@localhost:${await listen(server)}`;
    await headersOf({ cluster: { "proxy-url": proxy } });
    const credentials = Buffer.from("user:pass").toString("base64");
    assert.deepEqual(asked, [`${fake.url.slice("https://".length)} Basic ${credentials}`]);
  }
});

test("proxy-url names a SOCKS5 proxy", async () => {
  let asked = 0;
  const port = await listen(createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(Buffer.from([5, 0]));
      socket.once("data", (request: Buffer) => { // RFC 1928 4, an IPv4 address
        asked++;
        const onward = connect(request.readUInt16BE(8), "127.0.0.1", () => {
          socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          onward.pipe(socket);
          socket.pipe(onward);
        });
        onward.on("error", () => {});
        socket.on("close", () => onward.destroy());
      });
    });
  }));
  await headersOf({ cluster: { "proxy-url": `socks5://127.0.0.1:${port}` } });
  assert.equal(asked, 1);
});

test("HTTPS_PROXY holds for a server elsewhere that NO_PROXY does not name", async () => {
  const { asked, server } = connectProxy(createHttpServer());
  const HTTPS_PROXY = `http://127.0.0.1:${await listen(server)}`;
  const elsewhere = {
    cluster: { server: fake.url.replace("127.0.0.1", "kubernetes.test") },
  };
  const through = await fake.connect(elsewhere, { HTTPS_PROXY });
  await through.send(getSite, signal);
  assert.equal(asked.length, 1);
  const besides = await fake.connect(elsewhere, { HTTPS_PROXY, NO_PROXY: ".test" });
  await assert.rejects(besides.send(getSite, signal), (error) => isAppError(error, "unreachable"));
  const local = await fake.connect({}, { HTTPS_PROXY });
  await local.send(getSite, signal);
  assert.equal(asked.length, 1);
});

test("a proxy that refuses, or is not there, leaves the server unreachable", async () => {
  const server = createHttpServer().on("connect", (_request, socket: Socket) => {
    socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  });
  const port = await listen(server);
  for (
    const [proxy, why] of [
      [`http://127.0.0.1:${port}`, `the proxy 127.0.0.1:${port} answered 407`],
      ["http://127.0.0.1:1", "its proxy 127.0.0.1:1 can't be reached: the connection was refused"],
      [
        "socks5://127.0.0.1:1",
        "its proxy 127.0.0.1:1 can't be reached: the connection was refused",
      ],
    ] as const
  ) {
    await assert.rejects(
      headersOf({ cluster: { "proxy-url": proxy } }),
      (error) => isAppError(error, "unreachable") && error.message.endsWith(why),
    );
  }
});
