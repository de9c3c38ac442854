import { isAppError } from "../errors/app_error.ts";
import type { Audit } from "../grant_service/audit.ts";
import type { GrantBook } from "../grant_service/grant_book.ts";
import { createMetrics } from "../grant_service/metrics.ts";
import { startOperationsServer } from "../grant_service/http/operations_server.ts";
import { AddressRanges } from "../grant_service/http/address_ranges.ts";
import { redeemHandler } from "../grant_service/redeem_handler.ts";
import {
  type GrantServer,
  type GrantServerOptions,
  startGrantServer,
} from "../grant_service/http/grant_server.ts";
import type { ControllerClock } from "./controller_clock.ts";
import type { GrantAddresses } from "./grant_addresses.ts";
import { errorFields, type Report } from "./log.ts";

/** What the listening side of a controller works with. */
export interface GrantListenerOptions {
  book: GrantBook;
  addresses: GrantAddresses;
  /** In order of preference. */
  ports: readonly number[];
  /** Addresses and networks of proxies that announce clients by the PROXY protocol. */
  proxies: readonly string[];
  /** Where the operations service listens; any free port of loopback by default. */
  operations: { host: string; port: number } | undefined;
  clock: Pick<ControllerClock, "errorMs">;
  audit: Audit;
  report: Report;
  /** What is missing before the controller works, or undefined when nothing is. */
  whyNotReady(): string | undefined;
}

/** The grant service as it listens, with its operations service beside it. */
export interface GrantListener {
  readonly port: number;
  readonly operationsUrl: string;
  /** Takes no more requests and finishes those in flight. */
  stop(): Promise<void>;
}

/**
 * Listens for redemptions, and for those who watch over the service. Throws `port-in-use` and
 * `port-forbidden`.
 */
export async function startGrantListener(options: GrantListenerOptions): Promise<GrantListener> {
  const { book, addresses, audit, report, whyNotReady } = options;
  const metrics = createMetrics({
    damagedLedgers: () => book.damaged,
    clockErrorMs: () => options.clock.errorMs,
  });
  const server = await listenOnFirstFree(options.ports, {
    proxies: new AddressRanges(options.proxies),
    identity: await addresses.identity(),
    handle: redeemHandler({
      book,
      audit,
      metrics,
      onError: (error) => report("request-failed", errorFields(error)),
    }),
  });
  addresses.attach(server);
  const operations = await startOperationsServer({
    port: 0,
    ...options.operations,
    metrics,
    whyNotReady,
  });
  return {
    port: server.port,
    operationsUrl: operations.url,
    async stop() {
      await server.stop();
      await operations.stop();
    },
  };
}

async function listenOnFirstFree(
  ports: readonly number[],
  options: Omit<GrantServerOptions, "port">,
): Promise<GrantServer> {
  let taken: unknown;
  for (const port of ports) {
    try {
      return await startGrantServer({ ...options, port });
    } catch (error) {
      if (!isAppError(error, "port-in-use")) throw error;
      taken = error;
    }
  }
  throw taken;
}
