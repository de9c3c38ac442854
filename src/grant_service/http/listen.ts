import type { AddressInfo, Server } from "node:net";
import { appError } from "../../errors/app_error.ts";

/** Listens, on all addresses if no host is given. Throws `port-in-use` and `port-forbidden`. */
export function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const data = { host: host ?? "*", port, option: "--grant-port" };
      if (cause.code === "EADDRINUSE") reject(appError("port-in-use", data, { cause }));
      else if (cause.code === "EACCES") reject(appError("port-forbidden", data, { cause }));
      else reject(cause);
    });
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
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
