import * as fs from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { ApiClient } from "../../platforms/kubernetes/api/client.ts";
import { ServerAccess } from "../../platforms/kubernetes/access/server_access.ts";
import { loadContext } from "../../platforms/kubernetes/access/kubeconfig.ts";
import { writeYaml } from "../../src/resources/yaml.ts";
import { TestAuthority } from "../testbed/kubernetes/certificates.ts";

/** A request as the fake saw it. */
export interface SeenRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
}

/** What the fake does with a request; it may also break the connection. */
export type Behaviour = (request: SeenRequest, response: ServerResponse) => void;

/** The parts of a kubeconfig a test sets. */
export interface KubeconfigParts {
  cluster?: Record<string, unknown>;
  user?: Record<string, unknown>;
  context?: Record<string, unknown>;
}

/** An API server of which each answer is the test's. */
export class FakeApiServer {
  readonly folder: string = fs.mkdtempSync(path.join(os.tmpdir(), "kube-api-"));
  readonly authority: TestAuthority = new TestAuthority(this.folder);
  readonly requests: SeenRequest[] = [];
  /** May be changed at any time. */
  behaviour: Behaviour;
  connections = 0;
  readonly #server: Server;
  #port = 0;
  #files = 0;

  private constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
    const pair = this.authority.signServer("fake", "IP:127.0.0.1,DNS:kubernetes.test");
    this.#server = createServer({
      cert: fs.readFileSync(pair.certificate),
      key: fs.readFileSync(pair.key),
    }, (request, response) => this.#serve(request, response));
    this.#server.on("secureConnection", () => this.connections++);
    this.#server.on("tlsClientError", () => {}); // a client that does not trust it
  }

  /** Starts one on a free port of loopback. */
  static async start(behaviour: Behaviour): Promise<FakeApiServer> {
    const fake = new FakeApiServer(behaviour);
    await fake.#listen();
    return fake;
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  /** The file of a kubeconfig for it; by default of a user with a token. */
  kubeconfig(parts: KubeconfigParts = {}): string {
    const file = path.join(this.folder, `kubeconfig-${++this.#files}`);
    const cluster = {
      server: this.url,
      "certificate-authority": this.authority.certificate,
      ...parts.cluster,
    };
    fs.writeFileSync(
      file,
      writeYaml({
        "current-context": "test",
        clusters: [{ name: "c", cluster }],
        users: [{ name: "u", user: parts.user ?? { token: "secret-token" } }],
        contexts: [{ name: "test", context: { cluster: "c", user: "u", ...parts.context } }],
      }),
    );
    return file;
  }

  /** A client for it, as `open` of the platform would make it. */
  async connect(
    parts: KubeconfigParts = {},
    env: Record<string, string> = {},
  ): Promise<ApiClient> {
    const kubeconfig = this.kubeconfig(parts);
    const context = await loadContext({ kubeconfig, context: undefined, env });
    return new ApiClient(new ServerAccess(context, env), "hawser/test");
  }

  /** Breaks all connections and accepts none until `resume`. */
  async interrupt(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Listens again on the port it had. */
  async resume(): Promise<void> {
    await this.#listen();
  }

  async close(): Promise<void> {
    await this.interrupt();
    fs.rmSync(this.folder, { recursive: true });
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve) =>
      this.#server.listen(this.#port, "127.0.0.1", () => resolve())
    );
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, this.url);
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text) => body += text);
    request.on("end", () => {
      const seen: SeenRequest = {
        method: request.method!,
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
      };
      this.requests.push(seen);
      this.behaviour(seen, response);
    });
  }
}

/** Answers with JSON. */
export function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Answers with a metav1.Status, as the API server does where it fails. */
export function refuse(
  response: ServerResponse,
  code: number,
  status: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): void {
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", code, ...status };
  reply(response, code, body, headers);
}

/** A Site as the API gives it. */
export function makeSite(name: string, resourceVersion: string): Record<string, unknown> {
  return {
    apiVersion: "skupper.io/v2alpha1",
    kind: "Site",
    metadata: { name, namespace: "default", uid: `uid-${name}`, resourceVersion },
    spec: {},
  };
}
