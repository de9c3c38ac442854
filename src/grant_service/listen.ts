import type { AddressInfo, Server } from "node:net";
import { appError } from "../errors/app_error.ts";

/** Listens, on all addresses if no host is given. Throws `port-in-use`. */
export function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const data = { host: host ?? "*", port, option: "--grant-port" };
      reject(cause.code === "EADDRINUSE" ? appError("port-in-use", data, { cause }) : cause);
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
