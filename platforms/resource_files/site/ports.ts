import { createServer } from "node:net";
import { appError } from "../../../src/errors/app_error.ts";

/** The last port there is. */
const lastPort = 65_535;

/**
 * The first TCP port from `first` on that is not in `taken` and that nobody listens on, whatever
 * the address. Throws `port-in-use` when there is none.
 */
export async function findFreePort(first: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = first; port <= lastPort; port++) {
    if (!taken.has(port) && await isFree(port)) return port;
  }
  throw appError("port-in-use", { host: "any address", port: first, option: "a RouterAccess" });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
