import { connect, type Socket } from "node:net";
import { request } from "node:https";
import type { UsableToken } from "../../../src/token/token_file.ts";

/** How many of each kind are at it at the same time. */
const wrongAtOnce = 16;
const idleConnections = 60;

/** What hostile clients did. */
export interface Hostilities {
  wrongCodes: number;
  unknownGrants: number;
}

/**
 * Sends wrong codes and asks for unknown grants at full speed, from 127.0.0.1 and from thousands of
 * other addresses of loopback, and holds idle connections open, until it is over.
 */
export async function beHostile(token: UsableToken, isOver: () => boolean): Promise<Hostilities> {
  const done = { wrongCodes: 0, unknownGrants: 0 };
  const { port } = new URL(token.spec.url);
  const idle: Socket[] = [];
  const holding = setInterval(() => {
    while (idle.filter((socket) => !socket.destroyed).length < idleConnections) {
      const socket = connect({ port: Number(port), host: "127.0.0.1" });
      socket.on("error", () => {});
      idle.push(socket);
    }
  }, 200);
  let number = 0;
  await Promise.all(Array.from({ length: wrongAtOnce }, async (_, place) => {
    while (!isOver()) {
      const isUnknown = ++number % 4 === 0;
      const path = isUnknown ? `/${crypto.randomUUID()}` : new URL(token.spec.url).pathname;
      const from = place % 2 === 0 ? "127.0.0.1" : `127.9.${number >> 8 & 255}.${number & 255}`;
      await ask(token, path, from);
      if (isUnknown) done.unknownGrants++;
      else done.wrongCodes++;
    }
  }));
  clearInterval(holding);
  for (const socket of idle) socket.destroy();
  return done;
}

function ask(token: UsableToken, path: string, localAddress: string): Promise<void> {
  const { hostname, port } = new URL(token.spec.url);
  return new Promise((resolve) => {
    const outgoing = request({
      hostname,
      port,
      path,
      method: "POST",
      agent: false,
      ca: token.spec.ca,
      localAddress,
      timeout: 5000,
      headers: { name: "nobody", subject: "nobody" },
    }, (response) => void response.resume().on("close", resolve));
    outgoing.on("timeout", () => outgoing.destroy());
    outgoing.on("error", () => resolve()).end("wrong-code");
  });
}
