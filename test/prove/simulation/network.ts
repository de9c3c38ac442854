import { Buffer } from "node:buffer";
import type { HttpHandler, HttpResponse } from "../../../src/grant_service/http/message.ts";
import { type Process, theWorld, thisProcess } from "./world.ts";

/** How a connection ends, as the service sees it after its answer. */
export type Closing = "close_notify" | "fin" | "reset" | "timeout";

/** Only what the client itself says over TLS counts: a FIN may be a proxy's. */
export function isDelivered(closing: Closing): boolean {
  return closing === "close_notify";
}

/** One process that answers at an address. */
export interface Service {
  process: Process;
  /** Undefined until it serves. */
  handle: HttpHandler | undefined;
}

/** A request that goes over the network, and who is told of what becomes of it. */
export interface Sending {
  /** A name for this moment, unlike all others. */
  place: string;
  /** Of those that live one is asked. */
  services: readonly Service[];
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** True where a proxy may send it again, since that is the same redemption. */
  mayRepeat: boolean;
  /** How long the client waits, in milliseconds. */
  patienceMs: number;
  /** Aborts when it gives up before. */
  signal?: AbortSignal;
  /** Somebody who does not know the code was given something. */
  leaked(): void;
  /** A service saw the client itself acknowledge a credential. */
  acknowledged(service: Service): void;
}

/** What came of a request, and how the client ends the connection then. */
export interface Exchange {
  /** Undefined: none came whole. */
  response: HttpResponse | undefined;
  close(): void;
}

/** How long a service waits for the close of a connection, in milliseconds. */
const closeLimitMs = 10_000;

const nothing: Exchange = { response: undefined, close: () => {} };

/**
 * Sends a request to one of the services, through a proxy that may be in between and has a mind of
 * its own; undefined if none of them lives.
 */
export function send(sending: Sending): Promise<Exchange> | undefined {
  const { place, method, path, headers, patienceMs, signal, acknowledged } = sending;
  const world = theWorld();
  const serving = sending.services.filter(({ handle, process }) =>
    handle !== undefined && process.isAlive
  );
  const service = serving[Math.floor(world.draw(`${place} whom`) * serving.length)];
  if (service === undefined) return undefined;
  const me = thisProcess()!;
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  const lag = (what: string) => {
    const late = world.strikes("delay", `${place} ${what}`);
    return 1 + 30 * world.draw(`${place} ${what}`) +
      (late ? 4000 * world.draw(`${place} ${what} late`) : 0);
  };
  let isGone = false;
  const giveUp = () => {
    isGone = true;
    resolve(nothing);
  };
  world.schedule(patienceMs, me, giveUp);
  signal?.addEventListener("abort", giveUp, { once: true });
  // a proxy may end its side towards the service while the client still waits
  const isHalfClosed = world.strikes("proxy half-closes", place);
  const request = {
    method,
    path,
    headers: new Map(Object.entries(headers)),
    body: Buffer.from(sending.body),
    address: "192.0.2.1",
    isConnected: () => !isGone && me.isAlive && !isHalfClosed,
    setAside: () => {},
  };
  const handle = (asked: typeof request) => service.handle?.(asked) ?? Promise.reject();
  if (method === "POST" && world.strikes("wrong code", place)) {
    world.schedule(
      lag("wrong"),
      service.process,
      () =>
        void handle({ ...request, body: Buffer.from("wrong") }).then(({ status }) => {
          if (status === 200) sending.leaked();
        }, () => {}),
    );
  }
  world.schedule(
    lag("request"),
    service.process,
    () => void handle(request).then((response) => deliver(response), () => {}),
  );
  // a proxy that asks again what it takes for lost
  if (sending.mayRepeat && world.strikes("request repeated", place)) {
    world.schedule(
      lag("repeated"),
      service.process,
      () => void handle(request).then((again) => settle(again, "reset", "again"), () => {}),
    );
  }
  return promise;

  function settle(
    response: HttpResponse,
    closing: Closing,
    way: string,
    afterMs = lag(`close ${way}`),
  ) {
    world.schedule(afterMs, service!.process, () => {
      const delivered = isDelivered(closing);
      response.settle?.(delivered);
      if (delivered && response.status === 200) acknowledged(service!);
    });
  }

  function deliver(response: HttpResponse): void {
    const lose = () => world.schedule(lag("cut"), me, () => resolve(nothing));
    if (isHalfClosed) {
      settle(response, "fin", "fin");
      lose();
    } else if (world.strikes("proxy closes", place)) {
      settle(response, "fin", "fin");
      lose();
    } else if (world.strikes("answer cut", place)) {
      settle(response, "reset", "reset");
      lose();
    } else if (world.strikes("no answer", place)) {
      settle(response, "timeout", "timeout", closeLimitMs);
    } else {
      let isClosed = false;
      const close = (closing: Closing) => {
        if (!isClosed) settle(response, closing, closing);
        isClosed = true;
      };
      world.schedule(closeLimitMs, service!.process, () => close("timeout"));
      const afterMs = lag("answer");
      // the kernel ends the connections of a process that is gone
      world.schedule(afterMs + 500, undefined, () => me.isAlive || close("fin"));
      world.schedule(afterMs, me, () => resolve({ response, close: () => close("close_notify") }));
    }
  }
}
