import type { Audit } from "../grant_service/audit.ts";
import type { BroughtIdentity } from "../grant_service/brought_identity.ts";
import type { GrantBook } from "../grant_service/grant_book.ts";
import { createMetrics } from "../grant_service/metrics.ts";
import {
  type OperationsPlace,
  type OperationsServerOptions,
  startOperationsServer,
} from "../grant_service/http/operations_server.ts";
import { listenOnFirstFree } from "../grant_service/http/listen.ts";
import { AddressRanges } from "../grant_service/http/address_ranges.ts";
import { redeemHandler } from "../grant_service/redeem_handler.ts";
import { startGrantServer } from "../grant_service/http/grant_server.ts";
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
  operations: OperationsPlace | undefined;
  clock: Pick<ControllerClock, "errorMs">;
  /** The certificate, where the user brings it. */
  certificate: Pick<BroughtIdentity, "status"> | undefined;
  audit: Audit;
  report: Report;
  page: OperationsServerOptions["page"];
  /** What is missing before the controller works, or undefined when nothing is. */
  whyNotReady(): string | undefined;
}

/** The grant service as it listens, with its operations service beside it. */
export interface GrantListener {
  readonly port: number;
  readonly operationsUrl: string;
  readonly operationsPort: number;
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
    certificate: options.certificate && (() => options.certificate!.status),
  });
  const serverOptions = {
    proxies: new AddressRanges(options.proxies),
    identity: await addresses.identity(),
    handle: redeemHandler({
      book,
      audit,
      metrics,
      onError: (error) => report("request-failed", errorFields(error)),
    }),
  };
  const server = await listenOnFirstFree(
    options.ports,
    (port) => startGrantServer({ ...serverOptions, port }),
  );
  addresses.attach(server);
  const operations = await startOperationsServer({
    ...options.operations ?? { host: "127.0.0.1", ports: [0] },
    ...{ metrics, whyNotReady },
    ...(options.page && { page: options.page }),
  }).catch(async (error) => {
    await server.stop();
    throw error;
  });
  return {
    port: server.port,
    operationsUrl: operations.url,
    operationsPort: operations.port,
    async stop() {
      await server.stop();
      await operations.stop();
    },
  };
}
