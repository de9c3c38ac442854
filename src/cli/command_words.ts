import type { Say } from "../errors/entry.ts";
import type { SharedOptions } from "./options.ts";
import type { World } from "./streams.ts";

/** How this invocation words commands in its hints. */
export function sayFor(world: World, options: SharedOptions): Say {
  const namespace = given("-n", options.namespace);
  const rest = [
    ...given("-p", options.platform),
    ...given("--context", options.context),
    ...given("--kubeconfig", options.kubeconfig),
  ];
  return {
    program: world.program,
    command: (words) => [world.program, words, ...namespace, ...rest].join(" "),
    commandForAll: (words) => [world.program, words, ...rest].join(" "),
  };
}

function given(flag: string, value: string | undefined): string[] {
  return value === undefined ? [] : [flag, quote(value)];
}

/** A word as a POSIX shell takes it back. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-][\w@%+=:,./~-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
