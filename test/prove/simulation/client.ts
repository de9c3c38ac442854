import { Buffer } from "node:buffer";
import { createKeyPair, importPrivateKey } from "../../../src/pki/key_pair.ts";
import { createRequest, readRequest } from "../../../src/pki/request.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import type { HttpResponse } from "../../../src/grant_service/http/message.ts";
import type { HappeningNow, Reason } from "../history.ts";
import type { Issuer } from "./issuer.ts";
import { parseCertificate } from "./pki/certificate.ts";
import { awaitAction, placeOf, theWorld, thisProcess } from "./world.ts";

/** How a connection ends, as the service sees it after its answer. */
export type Closing = "close_notify" | "fin" | "reset" | "timeout";

/** Only what the client itself says over TLS counts: a FIN may be a proxy's. */
export function isDelivered(closing: Closing): boolean {
  return closing === "close_notify";
}

/** A client, and what outlives its process. */
export interface ClientState {
  name: string;
  hasKey: boolean;
  /** How many uses it wants, one after the other. */
  wanted: number;
  keyPem?: string;
  kept: string[];
  attempts: number;
  hasEnded: boolean;
}

/** What a client is surrounded by. */
export interface ClientSetup {
  grant: string;
  code: string;
  issuers(): Issuer[];
  record(happening: HappeningNow): void;
  /** Told of an answer that a service saw acknowledged. */
  acknowledged(attempt: string, issuer: Issuer): void;
  /** Whether another use may be asked for, after one was kept. */
  mayGoOn(): boolean;
}

/** How long a client waits for an answer, and a service for its close, in milliseconds. */
const patienceMs = 10_000;

/** Redeems until the client has what it wants or is refused for good. */
export async function runClient(state: ClientState, setup: ClientSetup): Promise<void> {
  const { record } = setup;
  while (!state.hasEnded) {
    if (state.kept.length > 0 && !setup.mayGoOn()) {
      await sleep(1000);
      continue;
    }
    const attempt = `${state.name}.${++state.attempts}`;
    let csr: Uint8Array | undefined;
    if (state.hasKey) {
      state.keyPem ??= (await createKeyPair()).privateKeyPem;
      csr = await createRequest(await importPrivateKey(state.keyPem), state.name);
    }
    const asked = csr && await readRequest(csr);
    const key = asked?.keyHash;
    const claimant = key === undefined ? `name ${state.name}` : `key ${key}`;
    const publicKey = asked && Buffer.from(asked.publicKey).toString();
    record({
      what: "asked",
      attempt,
      client: state.name,
      grant: setup.grant,
      claimant,
      ...(publicKey === undefined ? {} : { key: publicKey }),
    });
    const { response, close } = await exchange(state, attempt, csr, setup);
    if (response?.status === 200) {
      const { serial, key, body } = readBody(response.body);
      record({ what: "given", attempt, serial, key, body });
      await awaitAction("keep", {
        takesMs: [1, 60],
        act: () => {
          record({ what: "kept", client: state.name, serial });
          if (!state.kept.includes(serial)) state.kept.push(serial);
        },
      });
      close();
      if (state.kept.length >= state.wanted || state.hasKey) end(state, "kept", record);
      continue;
    }
    if (response === undefined) {
      record({ what: "lost", attempt });
    } else {
      const reason = reasonOf(response);
      record({ what: "refused", attempt, reason });
      close();
      if (reason !== "failed" && reason !== "closed") {
        end(state, "refused", record);
        return;
      }
    }
    await sleep(500 + 2000 * Math.random());
  }
}

function end(state: ClientState, how: "kept" | "refused", record: ClientSetup["record"]): void {
  state.hasEnded = true;
  record({ what: "ended", client: state.name, how });
}

function reasonOf({ status, headers, body }: HttpResponse): Reason {
  const reason = headers?.["reason"];
  if (reason === "expired" || reason === "revoked" || reason === "used-up") return reason;
  if (reason === "damaged") return "closed";
  if (status === 404) return /No such access granted/.test(body) ? "used-up" : "unknown";
  return "failed";
}

function readBody(body: string): { serial: string; key: string; body: string } {
  const [, encoded = ""] = /tls\.crt: (\S+)/.exec(body) ?? [];
  const { serial, key } = parseCertificate(Buffer.from(encoded, "base64").toString());
  return { serial, key, body };
}

/** Asks one of the services. No response: none came whole. */
function exchange(
  { name }: ClientState,
  attempt: string,
  csr: Uint8Array | undefined,
  { grant, code, issuers, acknowledged, record }: ClientSetup,
): Promise<{ response: HttpResponse | undefined; close(): void }> {
  const world = theWorld();
  const place = placeOf("ask");
  const serving = issuers().filter(({ handle, process }) =>
    handle !== undefined && process.isAlive
  );
  const issuer = serving[Math.floor(world.draw(`${place} whom`) * serving.length)];
  const { promise, resolve } = Promise.withResolvers<
    { response: HttpResponse | undefined; close(): void }
  >();
  const nothing = () => resolve({ response: undefined, close: () => {} });
  if (issuer === undefined) {
    return sleep(100).then(() => ({ response: undefined, close: () => {} }));
  }
  const me = thisProcess()!;
  const lag = (what: string) => {
    const late = world.strikes("delay", `${place} ${what}`);
    return 1 + 30 * world.draw(`${place} ${what}`) +
      (late ? 4000 * world.draw(`${place} ${what} late`) : 0);
  };
  let isGone = false;
  world.schedule(patienceMs, me, () => {
    isGone = true;
    nothing();
  });
  const isWrong = world.strikes("wrong code", place);
  const request = {
    method: "POST",
    path: `/${grant}`,
    headers: new Map(Object.entries({
      name,
      subject: name,
      ...(csr === undefined ? {} : { csr: Buffer.from(csr).toString("base64") }),
    })),
    body: Buffer.from(code),
    address: "192.0.2.1",
    isConnected: () => !isGone && me.isAlive,
    setAside: () => {},
  };
  const arrive = () => {
    if (isWrong) {
      void issuer.handle!({ ...request, body: Buffer.from("wrong") }).then(({ status }) => {
        if (status === 200) record({ what: "leaked", grant });
      }, () => {});
    }
    void issuer.handle!(request).then((response) => deliver(response), () => {});
  };
  world.schedule(lag("request"), issuer.process, arrive);
  // a proxy that asks again what it takes for lost
  if (csr !== undefined && world.strikes("request repeated", place)) {
    world.schedule(
      lag("repeated"),
      issuer.process,
      () => void issuer.handle!(request).then((again) => settle(again, "reset", "again"), () => {}),
    );
  }
  return promise;

  function settle(
    response: HttpResponse,
    closing: Closing,
    way: string,
    afterMs = lag(`close ${way}`),
  ) {
    world.schedule(afterMs, issuer!.process, () => {
      const delivered = isDelivered(closing);
      response.settle?.(delivered);
      if (delivered && response.status === 200) acknowledged(attempt, issuer!);
    });
  }

  function deliver(response: HttpResponse): void {
    if (world.strikes("proxy closes", place)) {
      settle(response, "fin", "fin");
      world.schedule(lag("cut"), me, nothing);
    } else if (world.strikes("answer cut", place)) {
      settle(response, "reset", "reset");
      world.schedule(lag("cut"), me, nothing);
    } else if (world.strikes("no answer", place)) {
      settle(response, "timeout", "timeout", patienceMs);
    } else {
      let isClosed = false;
      const close = (closing: Closing) => {
        if (!isClosed) settle(response, closing, closing);
        isClosed = true;
      };
      world.schedule(patienceMs, issuer!.process, () => close("timeout"));
      const afterMs = lag("answer");
      // the kernel ends the connections of a process that is gone
      world.schedule(afterMs + 500, undefined, () => me.isAlive || close("fin"));
      world.schedule(afterMs, me, () => resolve({ response, close: () => close("close_notify") }));
    }
  }
}
