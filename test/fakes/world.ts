import type { PlatformRegistry } from "../../src/platform/abilities.ts";
import { app } from "../../src/cli/app.ts";
import { commandsFor } from "../../src/commands/mod.ts";
import type { World } from "../../src/cli/streams.ts";

/** What a command line left behind. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** The pieces of the outside a test sets. */
export interface Outside {
  env?: Record<string, string>;
  stdin?: string | Uint8Array;
  program?: string;
  interrupts?: AbortSignal;
  terminal?: boolean;
  platforms?: PlatformRegistry;
  commandsFor?: typeof commandsFor;
}

/** Runs a command line in this process, streams kept in memory. */
export async function run(args: string[], outside: Outside = {}): Promise<Finished> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => {
    const write = (text: string) => {
      written[name] += text;
      return Promise.resolve();
    };
    const steer = (sequence: string, text: string) => write(sequence + text);
    return { isTerminal: outside.terminal === true, write, deliver: write, steer };
  };
  const { stdin = "" } = outside;
  const bytes = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  const world: World = {
    args,
    program: outside.program ?? "hawser",
    executable: ["hawser"],
    env: outside.env ?? {},
    stdin: () => Promise.resolve(bytes),
    stdinIsTerminal: outside.terminal === true,
    async readLine({ ask }) {
      await ask();
      return lines.shift();
    },
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    interrupts: outside.interrupts ?? new AbortController().signal,
    become: (program) => Promise.reject(new Error(`nothing becomes ${program} here`)),
  };
  return {
    code: await app(world, outside.platforms ?? {}, outside.commandsFor ?? commandsFor),
    ...written,
  };
}
