import { bareHost } from "../../../src/network/proxy.ts";
import { within } from "../../../src/runtime/abortable.ts";

/** A controller that says nothing for so long does not answer. */
const answerWithinMs = 2000;

const maxAnswerBytes = 64 * 1024;

/**
 * True if the controller at that operations address says it is ready. It is asked directly,
 * whatever proxy the environment names. Throws the signal's reason.
 */
export async function isReadyAt(operationsUrl: string, signal: AbortSignal): Promise<boolean> {
  const url = new URL("/readyz", operationsUrl);
  // read when it is needed: HTTP costs each start 4 ms
  const { openTcp } = await import("../../../src/network/connection.ts");
  const { exchange } = await import("../../../src/network/http_exchange.ts");
  try {
    const answer = await within(answerWithinMs, () => new Error("late"), async (bounded) => {
      const socket = await openTcp(bareHost(url), Number(url.port), bounded);
      const request = { url, method: "GET", headers: {} };
      return await exchange(socket, request, maxAnswerBytes, bounded);
    }, signal);
    return answer.status === 200;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
