import type { Socket } from "node:net";
import { SocksClient, SocksClientError } from "socks";
import { abortable } from "../runtime/abortable.ts";
import { discard, openTcp } from "./connection.ts";
import { brokenOff } from "./connection_fault.ts";
import { bareHost } from "./proxy.ts";

/** The signal ends the wait; the library wants a number all the same. */
const longestMs = 24 * 3_600_000;

/** Replies of RFC 1928 6 that a user can do something about, by the library's names. */
const replies: Record<string, string> = {
  NotAllowed: "its rules do not allow it",
  NetworkUnreachable: "the network is unreachable",
  HostUnreachable: "the host is unreachable",
  ConnectionRefused: "the connection was refused",
};

/**
 * A connection through a SOCKS5 proxy to `host:port` (RFC 1928, with name and password as RFC
 * 1929); the proxy looks the name up. Rejects with the system's error, an Error that says what the
 * proxy answered, or the signal's reason.
 */
export async function openSocks(
  proxy: URL,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  const place = { host: bareHost(proxy), port: Number(proxy.port || 1080) };
  const socket = await openTcp(place.host, place.port, signal);
  const credentials = proxy.username === "" ? {} : {
    userId: decodeURIComponent(proxy.username),
    password: decodeURIComponent(proxy.password),
  };
  try {
    const asked = SocksClient.createConnection({
      proxy: { ...place, type: 5, ...credentials },
      command: "connect",
      destination: { host, port },
      // one of ours, so that the signal can end it
      existing_socket: socket,
      timeout: longestMs,
    });
    await abortable(asked, signal);
    return socket;
  } catch (error) {
    discard(socket);
    throw error instanceof SocksClientError ? describe(error, proxy, host) : error;
  }
}

/** The library's error in our words; its own holds the credentials. */
function describe({ message }: SocksClientError, proxy: URL, host: string): Error {
  if (message === "Socket closed") return brokenOff();
  const [, reply] = /rejected connection - (\w+)$/.exec(message) ?? [];
  if (reply !== undefined) {
    const why = replies[reply] ?? `reply ${reply}`;
    return new Error(`the proxy ${proxy.host} does not connect to ${host}: ${why}`);
  }
  return /authentication/i.test(message)
    ? new Error(`the proxy ${proxy.host} does not accept its credentials`)
    : new Error(`the proxy ${proxy.host} does not speak SOCKS5`);
}
