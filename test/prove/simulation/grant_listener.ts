import type {
  GrantListener,
  GrantListenerOptions,
} from "../../../src/controller/grant_listener.ts";
import { errorFields } from "../../../src/controller/log.ts";
import type { HttpHandler } from "../../../src/grant_service/http/message.ts";
import { createMetrics } from "../../../src/grant_service/metrics.ts";
import { redeemHandler } from "../../../src/grant_service/redeem_handler.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { listenAt } from "./addresses.ts";
import { thisProcess } from "./world.ts";

/**
 * Listens for redemptions as the product does, on the simulated network: the handler is the
 * product's own, what is below it (TLS, HTTP, admission) is not simulated.
 */
export async function startGrantListener(options: GrantListenerOptions): Promise<GrantListener> {
  const { book, addresses, audit, report } = options;
  const [port = 9090] = options.ports;
  const respond = redeemHandler({
    book,
    audit,
    metrics: createMetrics({
      damagedLedgers: () => book.damaged,
      clockErrorMs: () => options.clock.errorMs,
    }),
    onError: (error) => report("request-failed", errorFields(error)),
  });
  let underWay = 0;
  const handle: HttpHandler = async (request) => {
    underWay++;
    try {
      return await respond(request);
    } finally {
      underWay--;
    }
  };
  const listening = listenAt(thisProcess()!, handle, await addresses.identity());
  addresses.attach({
    port,
    replaceIdentity: (identity) => listening.identity = identity,
    stop: () => Promise.resolve(),
  });
  return {
    port,
    operationsUrl: "http://127.0.0.1:9000",
    operationsPort: 9000,
    async stop() {
      listening.handle = undefined;
      while (underWay > 0) await sleep(100);
    },
  };
}
