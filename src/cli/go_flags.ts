import type { Command } from "@commander-js/extra-typings";
import { parseGoBoolean } from "./options.ts";

/** What kubectl has behind `--dry-run=`, where each is as much as is done here. */
const dryRuns: Record<string, boolean> = { client: true, server: true, none: false };

/**
 * The arguments of a command, with the flags of Go's `flag` package (docs/spec/jfrog.md 0) in the
 * form that commander takes. A switch (`switchOption`) gets its value, so that the argument behind
 * it is not taken for one. Only the words `true` and `false` are, which nobody means otherwise. A
 * plain switch with `=false` is left out; `-n=west` is `-n west`; `--dry-run` takes kubectl's words
 * too. With `singleDash`, one dash is as
 * good as two before a long name. Everything else is left as it is.
 */
export function rewriteGoFlags(
  command: Command,
  args: string[],
  { singleDash }: { singleDash: boolean },
): string[] {
  const rewritten: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") return [...rewritten, arg, ...rest];
    const short = /^(-\w)=([^]*)$/.exec(arg);
    if (short !== null && command.options.some((option) => option.short === short[1])) {
      rewritten.push(short[1]!, short[2]!);
      continue;
    }
    const plain = command.options.find(({ short, optional }) => optional && short === arg);
    if (plain?.long) {
      rewritten.push(`${plain.long}=true`); // what stands behind it is no value
      continue;
    }
    const [, dashes, name, value] = /^(--?)(\w[\w-]+)(=[^]*)?$/.exec(arg) ?? [];
    const option = command.options.find(({ long }) => long === `--${name}`);
    if (arg === "-help" && singleDash) {
      rewritten.push("--help"); // which commander keeps apart from the options
    } else if (option === undefined || (dashes === "-" && !singleDash)) {
      rewritten.push(arg);
    } else if (value !== undefined && !option.required && !option.optional) {
      // what is no boolean is left to commander to refuse
      const said = value.slice(1);
      const isOn = parseGoBoolean(said) ?? (name === "dry-run" ? dryRuns[said] : undefined);
      if (isOn !== false) rewritten.push(isOn === true ? `--${name}` : arg);
    } else if (value !== undefined) {
      rewritten.push(`--${name}${value}`);
    } else if (option.optional) {
      const isValue = rest[0] === "true" || rest[0] === "false";
      rewritten.push(`--${name}=${isValue ? rest.shift() : true}`);
    } else {
      rewritten.push(`--${name}`);
      if (option.required) rewritten.push(...rest.splice(0, 1));
    }
  }
  return rewritten;
}
