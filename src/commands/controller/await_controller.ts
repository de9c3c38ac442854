import type { CommandContext } from "../../cli/context.ts";
import { quote } from "../../cli/command_words.ts";
import { appError } from "../../errors/app_error.ts";
import type { ControllerHost, ControllerStatus } from "../../platform/abilities.ts";
import { certificateWords } from "./certificate_options.ts";
import type { EndpointOptions } from "./endpoint_options.ts";
import { isTimeout } from "../../wait/deadline.ts";
import { formatDuration } from "../../wait/duration.ts";

/** How long it may take to see what a controller is at that has not come, or not ended, in time. */
const lastLookMs = 3000;

/** What is done to a controller, and what is awaited then. */
interface ControllerWait<T> {
  host: ControllerHost;
  what: string;
  /** Words of the command that goes on from here. */
  resume: string;
  act(signal: AbortSignal): Promise<T>;
}

/**
 * Does something that takes a controller time. If the command's deadline ends first, throws
 * `timed-out` with what was awaited and how the controller is by then. Throws what `act` throws.
 */
export async function awaitController<T>(
  { signal, deadline }: CommandContext,
  { host, what, resume, act }: ControllerWait<T>,
): Promise<T> {
  try {
    return await act(signal);
  } catch (error) {
    if (!isTimeout(error)) throw error;
    const status = await host.status(AbortSignal.timeout(lastLookMs)).catch(() => undefined);
    const after = formatDuration(deadline.timeoutMs ?? 0);
    const last = status === undefined ? {} : { last: describe(status) };
    throw appError("timed-out", { after, what, ...last }, { cause: error, resume });
  }
}

/** The words that give the options to a command again. */
export function optionWords(options: EndpointOptions): string {
  const { grantHost, grantPort, operationsPort, proxyProtocolFrom } = options;
  return certificateWords(options) +
    (grantHost === undefined ? "" : ` --grant-host ${quote(grantHost)}`) +
    (grantPort === undefined ? "" : ` --grant-port ${grantPort}`) +
    (operationsPort === undefined ? "" : ` --operations-port ${operationsPort}`) +
    (proxyProtocolFrom === undefined
      ? ""
      : ` --proxy-protocol-from ${quote(proxyProtocolFrom.join(","))}`);
}

function describe(status: ControllerStatus): string {
  if (!status.running) return "no controller is running";
  const { pid, problem } = "cluster" in status ? {} : status;
  const name = pid === undefined ? "the controller" : `the controller (pid ${pid})`;
  return `${name} is running${problem === undefined ? "" : `, but ${problem}`}`;
}
