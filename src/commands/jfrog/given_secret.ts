import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import { withoutLineEnd } from "../../jfrog/environment_secret.ts";
import { bareToken } from "../../jfrog/token_value.ts";
import { decodeText } from "../../runtime/decoded_text.ts";
import { whileAwaiting } from "../../wait/deadline.ts";

const maxSecretBytes = 64 * 1024;

/** A secret as options give it. */
export interface SecretOption {
  /** The option's name without its dashes; `<name>-stdin` is the one that reads it. */
  name: string;
  value: string | undefined;
  onStdin: boolean | undefined;
}

/**
 * The secrets given, in order, undefined for those that are not; tokens without what they are often
 * wrapped in. Warns of one among the arguments,
 * where others on the machine can see it; jf does not. Throws `usage` for one given twice, for two
 * on stdin, and for none where stdin is to give it.
 */
export async function givenSecrets(
  context: CommandContext,
  secrets: SecretOption[],
): Promise<(string | undefined)[]> {
  const usage = (message: string) =>
    appError("usage", { message, help: "It comes there from a file, < FILE, or through a pipe." });
  const [first, second] = secrets.filter(({ onStdin }) => onStdin);
  if (first !== undefined && second !== undefined) {
    throw usage(`--${first.name}-stdin and --${second.name}-stdin do not go together`);
  }
  const given: (string | undefined)[] = [];
  for (const { name, value, onStdin } of secrets) {
    if (value && context.say.program !== "jf") {
      context.warn(`Others on this machine can see --${name}; --${name}-stdin hides it`);
    }
    if (onStdin && value !== undefined) {
      throw usage(`--${name} and --${name}-stdin do not go together`);
    }
    const argument = value === undefined ? undefined : withoutLineEnd(value);
    const secret = onStdin ? await readSecret(context, name, usage) : argument;
    given.push(name === "password" || secret === undefined ? secret : bareToken(secret));
  }
  return given;
}

async function readSecret(
  context: CommandContext,
  name: string,
  usage: (message: string) => Error,
): Promise<string> {
  // a person who types here would show the secret on the screen
  const read = context.stdinIsTerminal
    ? new Uint8Array()
    : await context.stdin(maxSecretBytes).catch((error) => {
      throw whileAwaiting(error, `the ${name} on standard input`);
    });
  if (read.length > maxSecretBytes) throw usage(`The ${name} on standard input is too long`);
  const text = decodeText(read);
  if (text === undefined) throw usage(`The ${name} on standard input is not UTF-8 text`);
  const secret = text.trim();
  if (secret === "") throw usage(`There is no ${name} on standard input`);
  return secret;
}
