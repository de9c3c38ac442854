import type { Audit } from "./audit.ts";
import type { GrantBook } from "./grant_book.ts";
import type { HttpHandler } from "./http_message.ts";
import type { ServiceMetrics } from "./metrics.ts";

export interface RedeemHandlerOptions {
  book: GrantBook;
  audit: Audit;
  metrics: ServiceMetrics;
  /** Told of failures that are not the client's, so that they get into a log. */
  onError?(error: unknown): void;
}

/** Answers redemptions (POST) and probes (GET) as spec/skupper-system-sites.md 6.2 prescribes. */
export function redeemHandler(_options: RedeemHandlerOptions): HttpHandler {
  throw new Error("not built yet");
}
