import type { ServiceMetrics } from "./metrics.ts";

export interface OperationsServerOptions {
  /** 127.0.0.1 by default. */
  host?: string;
  /** 0: any free one. */
  port: number;
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
export function startOperationsServer(
  _options: OperationsServerOptions,
): Promise<OperationsServer> {
  throw new Error("not built yet");
}
