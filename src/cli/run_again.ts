import { isAppError } from "../errors/app_error.ts";
import { sleep, steadyNow } from "../runtime/clock.ts";
import { formatDuration } from "../wait/duration.ts";
import { backOffMs } from "../wait/retry.ts";
import type { SharedOptions } from "./options.ts";
import { escapeControls } from "./printable.ts";
import type { World } from "./streams.ts";

/** The longest time between two tries, unless who failed asks for more, in milliseconds. */
const mostMs = 30_000;

/**
 * Runs a command again while its error is retryable, as `--retry-for` has it: each time the same
 * command, after what who failed asks for or a back-off, and no later than `forMs` milliseconds
 * from now. Each try is told on stderr. Throws the last error, and what ends it in between. A
 * command that has printed anything of a result is not run again.
 */
export async function runAgain(
  world: World,
  attempt: (world: World) => Promise<void>,
  forMs: number,
  options: SharedOptions,
): Promise<void> {
  const endMs = steadyNow() + forMs;
  const repeatable = new RepeatableWorld(world);
  for (let number = 1;; number++) {
    try {
      return await attempt(repeatable.world);
    } catch (error) {
      if (!isAppError(error) || !error.retryable || repeatable.hasPrinted) throw error;
      const waitMs = Math.max(error.retryAfterMs ?? 0, backOffMs(number + 3, mostMs));
      if (steadyNow() + waitMs > endMs) throw error;
      await tell(world, `try ${number + 1} in ${inWords(waitMs)}: ${error.message}`, options);
      await sleep(waitMs, world.interrupts);
    }
  }
}

function inWords(ms: number): string {
  return formatDuration(ms < 10_000 ? Math.ceil(ms / 100) * 100 : Math.ceil(ms / 1000) * 1000);
}

async function tell(world: World, text: string, { output, quiet }: SharedOptions): Promise<void> {
  if (quiet) return;
  const isData = output === "json" || output === "yaml";
  await world.stderr.write(
    isData ? `${JSON.stringify({ retry: text })}\n` : `retry: ${escapeControls(text)}\n`,
  );
}

/** A world in which a command can run several times: what was on stdin is there each time. */
class RepeatableWorld {
  readonly world: World;
  #hasPrinted = false;

  constructor(world: World) {
    let read: Promise<Uint8Array> | undefined;
    const { stdout } = world;
    const noting = (write: (text: string) => Promise<void>) => async (text: string) => {
      this.#hasPrinted ||= text !== "";
      await write(text);
    };
    this.world = {
      ...world,
      stdin: (maxBytes, signal) =>
        read ??= world.stdin(maxBytes, signal).catch((error) => {
          read = undefined;
          throw error;
        }),
      stdout: {
        ...stdout,
        write: noting((text) => stdout.write(text)),
        deliver: noting((text) => stdout.deliver(text)),
      },
    };
  }

  /** True once anything went to stdout. */
  get hasPrinted(): boolean {
    return this.#hasPrinted;
  }
}
