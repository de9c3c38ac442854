import { createServer, type ServerResponse } from "node:http";
import { closeServer, listen, listenOnFirstFree, portOf } from "./listen.ts";
import type { ServiceMetrics } from "../metrics.ts";

/** How often a browser asks for the page again. */
const refreshSeconds = 15;

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
  /** The page for people, in HTML, and the content security policy that it is sent with. */
  page?: { policy: string; render(): Promise<string> };
}

export interface OperationsServer {
  readonly port: number;
  /** `http://host:port` */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Answers /healthz, /readyz and /metrics, and to those on this machine the page at /. Throws
 * `port-in-use` and `port-forbidden`.
 */
export async function startOperationsServer(
  options: OperationsServerOptions,
): Promise<OperationsServer> {
  const { host, metrics, whyNotReady, page } = options;
  const server = createServer(async (request, response) => {
    if (request.method !== "GET") return answer(response, 405, "Only GET is supported\n");
    const asked = { address: request.socket.remoteAddress, host: request.headers.host };
    switch (request.url) {
      case "/":
        return page === undefined
          ? answer(response, 404, "Not found\n")
          : await answerPage(asked, response, page);
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

/** The page names sites, grants and clients: only those on this machine see it. */
async function answerPage(
  { address = "", host = "" }: { address: string | undefined; host: string | undefined },
  response: ServerResponse,
  page: NonNullable<OperationsServerOptions["page"]>,
): Promise<void> {
  const isHere = /^(::ffff:)?127\.|^::1$/.test(address);
  // a name that leads here is another site's, whose script would read the answer
  const isNamedSo = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
  if (!isHere || !isNamedSo) {
    return answer(response, 403, "Only those on this machine see this page, at localhost\n");
  }
  try {
    const text = await page.render();
    response.setHeader("content-security-policy", page.policy);
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    response.setHeader("refresh", String(refreshSeconds));
    answer(response, 200, text, "text/html; charset=utf-8");
  } catch (error) {
    answer(response, 503, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function answer(response: ServerResponse, status: number, body: string, type = "text/plain"): void {
  response.writeHead(status, { "content-type": type, "connection": "close" });
  response.end(body);
}
