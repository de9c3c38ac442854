import { AmqpConversation } from "../../../src/network/amqp.ts";
import { finish, openTcp } from "../../../src/network/connection.ts";
import {
  codeOf,
  describeConnectionError,
  isCertificateRefused,
} from "../../../src/network/connection_fault.ts";
import { secure } from "../../../src/network/tls.ts";
import { within } from "../../../src/runtime/abortable.ts";
import type { ManagementAddress } from "./management_address.ts";

/** A router on this machine answers at once. */
const answerLimitMs = 1000;

/** Why a router was not opened. */
export class RouterNotOpened extends Error {
  /** True where nothing listens: no router runs. */
  readonly stopped: boolean;
  /** True where something else listens, as its certificate shows. */
  readonly foreign: boolean;

  constructor(why: string, { stopped = false, foreign = false }) {
    super(why);
    this.stopped = stopped;
    this.foreign = foreign;
  }
}

/** A conversation with the router's management. Throws RouterNotOpened and the signal's reason. */
export async function openRouter(
  { host, port, ...certificates }: ManagementAddress,
  signal: AbortSignal,
): Promise<AmqpConversation> {
  const late = () => Object.assign(new Error("it does not answer"), { code: "ETIMEDOUT" });
  try {
    return await within(answerLimitMs, late, async (bounded) => {
      const socket = await openTcp(host, port, bounded);
      const options = { ...certificates, minVersion: "TLSv1.2" } as const;
      return await AmqpConversation.open(await secure(socket, host, options, bounded), bounded);
    }, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, host, port);
  }
}

function explain(error: unknown, host: string, port: number): RouterNotOpened {
  if (codeOf(error) === "ECONNREFUSED") return new RouterNotOpened("", { stopped: true });
  const where = `port ${port} of ${host}`;
  if (isCertificateRefused(error) || codeOf(error) === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const why = "another router or program has the port, as its certificate shows";
    return new RouterNotOpened(`${where}: ${why}`, { foreign: true });
  }
  const { why } = describeConnectionError(error, host);
  return new RouterNotOpened(`${where}: ${why}`, { foreign: why === "it does not speak TLS" });
}

/**
 * True if something listens there that holds a certificate of that authority: the router of the
 * namespace, at an address where links connect. It is told goodbye, so that it logs no error.
 */
export async function answersLinks(
  { host, port, ...certificates }: ManagementAddress,
  signal: AbortSignal,
): Promise<boolean> {
  // the name that others know the listener by does not matter here
  const options = { ...certificates, checkServerIdentity: () => undefined };
  try {
    return await within(answerLimitMs, () => new Error("late"), async (bounded) => {
      const socket = await secure(await openTcp(host, port, bounded), host, options, bounded);
      await finish(socket);
      return true;
    }, signal);
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
