import type { Buffer } from "node:buffer";
import { connect } from "node:net";
import { listenOnLoopback } from "../../fakes/loopback_listener.ts";

/** A way to a port of loopback that takes that long there and back, in milliseconds. */
export async function startSlowWay(port: number, roundTripMs: number) {
  return await listenOnLoopback((client, keep) => {
    const service = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    for (const [from, to] of [[client, service], [service, client]] as const) {
      const later = (act: () => void) => setTimeout(act, roundTripMs / 2);
      keep(from);
      from.on("data", (bytes: Buffer) => later(() => to.writable && to.write(bytes)));
      from.on("end", () => later(() => to.end()));
      from.once("close", () => later(() => to.destroySoon()));
    }
  });
}
