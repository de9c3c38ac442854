import type { TlsIdentity } from "../../../src/grant_service/http/grant_server.ts";
import type { HttpHandler } from "../../../src/grant_service/http/message.ts";
import type { Service } from "./network.ts";
import type { Process } from "./world.ts";

/** A service that listens, and who it says it is. */
export interface Listening extends Service {
  identity: Pick<TlsIdentity, "certificatePem">;
}

let listening: Listening[] = [];
let told: (one: Listening) => void = () => {};

/** Begins a history: nobody listens. `tell` is told of each that does. */
export function clearAddresses(tell: typeof told): void {
  listening = [];
  told = tell;
}

/** Has the process answer at the address of its host. */
export function listenAt(
  process: Process,
  handle: HttpHandler,
  identity: Listening["identity"],
): Listening {
  const one: Listening = { process, handle, identity };
  listening = [...listening.filter(({ process }) => process.isAlive), one];
  told(one);
  return one;
}

/** Who answers at the address of that host. */
export function servicesAt(host: string): Listening[] {
  return listening.filter(({ process }) => process.host.address === host);
}
