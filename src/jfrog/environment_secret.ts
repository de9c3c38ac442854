import { bareToken } from "./token_value.ts";

/**
 * A secret of the environment, without the line breaks that a file it was read from ends with;
 * undefined where the variable is not set or empty. Those on stdin are read so too.
 */
export function environmentSecret(
  env: Record<string, string | undefined>,
  name: string,
): string | undefined {
  return withoutLineEnd(env[name] ?? "") || undefined;
}

/** The same for a token, which may be wrapped as CI services wrap long secrets. */
export function environmentToken(
  env: Record<string, string | undefined>,
  name: string,
): string | undefined {
  return bareToken(env[name] ?? "") || undefined;
}

/** Text without the line breaks at its end. */
export function withoutLineEnd(text: string): string {
  return text.replace(/[\r\n]+$/, "");
}
