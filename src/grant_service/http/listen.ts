import type { AddressInfo, Server } from "node:net";
import { appError, isAppError } from "../../errors/app_error.ts";

/**
 * Listens, on all addresses if no host is given. Throws `port-in-use` and `port-forbidden`, which
 * name the option that chooses the port.
 */
export function listen(
  server: Server,
  { port, host, option }: { port: number; host: string | undefined; option: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const data = { host: host ?? "*", port, option };
      if (cause.code === "EADDRINUSE") reject(appError("port-in-use", data, { cause }));
      else if (cause.code === "EACCES") reject(appError("port-forbidden", data, { cause }));
      else reject(cause);
    });
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
}

/** What `attempt` gives for the first port that is not in use; throws its error for the last. */
export async function listenOnFirstFree<T>(
  ports: readonly number[],
  attempt: (port: number) => Promise<T>,
): Promise<T> {
  let taken: unknown;
  for (const port of ports) {
    try {
      return await attempt(port);
    } catch (error) {
      if (!isAppError(error, "port-in-use")) throw error;
      taken = error;
    }
  }
  throw taken;
}

/** The port of a server that listens. */
export function portOf(server: Server): number {
  // a server that listens on TCP has such an address
  return (server.address() as AddressInfo).port;
}

/** Ends listening; resolves when the last connection has ended. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
