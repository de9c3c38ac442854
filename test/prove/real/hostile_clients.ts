import { randomInt } from "node:crypto";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { UsableToken } from "../../../src/token/token_file.ts";
import { askOnce } from "./client.ts";

/** What hostile clients are at, and how many of each kind at the same time. */
export interface HostileCrowd {
  /** From thousands of addresses of loopback; otherwise all from 127.0.0.1. */
  isScattered: boolean;
  wrong: number;
  /** Connections that are silent, and that drip after the handshake; both come again when cut. */
  silent: number;
  dripping: number;
}

/** What hostile clients did. */
export interface Hostilities {
  wrongCodes: number;
  unknownGrants: number;
  connections: number;
}

/** How often a connection that drips says a byte, in milliseconds. */
const dripMs = 300;

const usualCrowd: HostileCrowd = { isScattered: true, wrong: 16, silent: 60, dripping: 0 };

/**
 * Sends wrong codes and asks for unknown grants at full speed, and holds connections that are
 * silent or slow, until it is over.
 */
export async function beHostile(
  token: UsableToken,
  isOver: () => boolean,
  crowd: HostileCrowd = usualCrowd,
): Promise<Hostilities> {
  const done = { wrongCodes: 0, unknownGrants: 0, connections: 0 };
  const { origin, hostname, port } = new URL(token.spec.url);
  const addressOf = () =>
    crowd.isScattered
      ? `127.${randomInt(1, 200)}.${randomInt(256)}.${randomInt(1, 255)}`
      : undefined;
  const held = new Set<Socket>();

  async function ask(): Promise<void> {
    while (!isOver()) {
      const isUnknown = randomInt(4) === 0;
      const url = isUnknown ? `${origin}/${crypto.randomUUID()}` : token.spec.url;
      const spec = { ...token.spec, url, code: "wrong-code" };
      const way = { localAddress: addressOf(), patienceMs: 5000 };
      const nobody = { name: "nobody", subject: "nobody" };
      await askOnce({ spec }, nobody, way).catch(() => rest(5));
      done[isUnknown ? "unknownGrants" : "wrongCodes"]++;
    }
  }

  async function hold(drips: boolean): Promise<void> {
    while (!isOver()) {
      const localAddress = addressOf();
      const where = { host: hostname, port: Number(port), localAddress };
      const socket = drips ? connectTls({ ...where, ca: token.spec.ca }) : connect(where);
      held.add(socket);
      done.connections++;
      let drip: ReturnType<typeof setInterval> | undefined;
      if (drips) {
        socket.on("secureConnect", () => {
          drip = setInterval(() => socket.write("P"), dripMs);
        });
      }
      await new Promise<void>((resolve) => socket.on("error", () => {}).on("close", resolve));
      clearInterval(drip);
      held.delete(socket);
      await rest(5);
    }
  }

  const many = (count: number, act: () => Promise<void>) => Array.from({ length: count }, act);
  const all = Promise.all([
    ...many(crowd.wrong, ask),
    ...many(crowd.silent, () => hold(false)),
    ...many(crowd.dripping, () => hold(true)),
  ]);
  while (!isOver()) await rest(50);
  for (const socket of held) socket.destroy();
  await all;
  return done;
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
