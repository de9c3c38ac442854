import { createServer, type ServerResponse } from "node:http";
import { closeServer, listen, listenOnFirstFree, portOf } from "./listen.ts";
import type { ServiceMetrics } from "../metrics.ts";

/** Where the operations server listens. */
export interface OperationsPlace {
  host: string;
  /** In order of preference; 0: any free one. */
  ports: readonly number[];
}

export interface OperationsServerOptions extends OperationsPlace {
  metrics: ServiceMetrics;
  /** What is missing before requests can be served, or undefined when nothing is. */
  whyNotReady(): string | undefined;
}

export interface OperationsServer {
  readonly port: number;
  /** `http://host:port` */
  readonly url: string;
  stop(): Promise<void>;
}

/** Answers /healthz, /readyz and /metrics. Throws `port-in-use`. */
export async function startOperationsServer(
  options: OperationsServerOptions,
): Promise<OperationsServer> {
  const { host, metrics, whyNotReady } = options;
  const server = createServer(async (request, response) => {
    if (request.method !== "GET") return answer(response, 405, "Only GET is supported\n");
    switch (request.url) {
      case "/healthz":
        return answer(response, 200, "ok\n");
      case "/readyz": {
        const missing = whyNotReady();
        return missing === undefined
          ? answer(response, 200, "ok\n")
          : answer(response, 503, `${missing}\n`);
      }
      case "/metrics":
        return answer(response, 200, await metrics.render(), "text/plain; version=0.0.4");
      default:
        return answer(response, 404, "Not found\n");
    }
  });
  await listenOnFirstFree(
    options.ports,
    (port) => listen(server, { port, host, option: "--operations-port" }),
  );
  const port = portOf(server);
  return { port, url: `http://${host}:${port}`, stop: () => closeServer(server) };
}

function answer(response: ServerResponse, status: number, body: string, type = "text/plain"): void {
  response.writeHead(status, { "content-type": type, "connection": "close" });
  response.end(body);
}
