import { connect } from "node:net";
import { once } from "node:events";

/** A controller that says nothing for so long does not answer. */
const answerWithinMs = 2000;

/**
 * True if the controller at that operations address says it is ready. Asks over a bare connection:
 * what the runtimes offer for HTTP would go through the proxy that the environment may name.
 */
export async function isReadyAt(operationsUrl: string, signal: AbortSignal): Promise<boolean> {
  const { hostname, port } = new URL(operationsUrl);
  const socket = connect({ host: hostname, port: Number(port) });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
  try {
    await once(socket, "connect", { signal: limit });
    socket.write(`GET /readyz HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
    const [first] = await once(socket, "data", { signal: limit });
    return /^HTTP\/1\.1 200 /.test(String(first));
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    socket.on("error", () => {});
    socket.destroy();
  }
}
