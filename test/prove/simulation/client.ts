import { Buffer } from "node:buffer";
import { createKeyPair, importPrivateKey } from "./pki/key_pair.ts";
import { createRequest, readRequest } from "./pki/request.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import type { HttpResponse } from "../../../src/grant_service/http/message.ts";
import type { HappeningNow, Reason } from "../history.ts";
import { type Exchange, send, type Service } from "./network.ts";
import { parseCertificate } from "./pki/certificate.ts";
import { awaitAction, placeOf } from "./world.ts";

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
  /** Whether it came back with its key after it was refused. */
  hasReturned?: boolean;
}

/** What a client is surrounded by. */
export interface ClientSetup {
  grant: string;
  code: string;
  services(): Service[];
  record(happening: HappeningNow): void;
  /** Told of an answer that a service saw acknowledged. */
  acknowledged(attempt: string, service: Service): void;
  /** Whether another use may be asked for, after one was kept. */
  mayGoOn(): boolean;
}

/** How long a client waits for an answer, in milliseconds. */
const patienceMs = 10_000;

/** Redeems until the client has what it wants or is refused for good. */
export async function runClient(state: ClientState, setup: ClientSetup): Promise<void> {
  const { record } = setup;
  let unknown = 0;
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
      // many who ask for what is unknown are told to wait: that says nothing of the grant
      if (reason !== "failed") unknown = reason === "unknown" ? unknown + 1 : 0;
      // the news of a grant may be on their way
      const mayPass = ["failed", "closed"].includes(reason) || unknown > 0 && unknown < 4;
      if (!mayPass) {
        const keepsKey = state.hasKey && (reason === "unknown" || reason === "expired");
        if (!keepsKey || state.hasReturned) {
          end(state, "refused", record);
          return;
        }
        // it asks once more when all is well: a use that was given to its key is its own
        while (!setup.mayGoOn()) await sleep(1000);
        state.hasReturned = true;
        unknown = 0;
        record({ what: "returned", client: state.name });
        continue;
      }
    }
    await sleep(500 + 2000 * Math.random());
  }
}

function end(state: ClientState, how: "kept" | "refused", record: ClientSetup["record"]): void {
  state.hasEnded = true;
  record({ what: "ended", client: state.name, how });
}

/** Why a service gave nothing. */
export function reasonOf({ status, headers, body }: HttpResponse): Reason {
  const reason = headers?.["reason"];
  if (reason === "expired" || reason === "revoked" || reason === "used-up") return reason;
  if (reason === "damaged" || /Corrupted/.test(body)) return "closed";
  if (status === 404) return /No such access granted/.test(body) ? "used-up" : "unknown";
  return "failed";
}

/** The credential in an answer. */
export function readBody(body: string): { serial: string; key: string; body: string } {
  const [, encoded = ""] = /tls\.crt: (\S+)/.exec(body) ?? [];
  const { serial, key } = parseCertificate(Buffer.from(encoded, "base64").toString());
  return { serial, key, body };
}

/** Asks one of the services. No response: none came whole. */
async function exchange(
  { name }: ClientState,
  attempt: string,
  csr: Uint8Array | undefined,
  { grant, code, services, acknowledged, record }: ClientSetup,
): Promise<Exchange> {
  const sent = send({
    place: placeOf("ask"),
    services: services(),
    method: "POST",
    path: `/${grant}`,
    headers: {
      name,
      subject: name,
      ...(csr === undefined ? {} : { csr: Buffer.from(csr).toString("base64") }),
    },
    body: code,
    mayRepeat: csr !== undefined,
    patienceMs,
    leaked: () => record({ what: "leaked", grant }),
    acknowledged: (service) => acknowledged(attempt, service),
  });
  if (sent !== undefined) return await sent;
  await sleep(100);
  return { response: undefined, close: () => {} };
}
