import type { ListedToken } from "../../jfrog/access/tokens.ts";
import { timeOf } from "../../jfrog/access/token_time.ts";

/** A token as the server has it, with its times as RFC 3339, UTC, beside the seconds. */
export function withTimes(token: ListedToken): ListedToken {
  return {
    ...token,
    ...time("issued_at_time", token.issued_at),
    ...time("expires_at", token.expiry),
  };
}

/** The user a token is of; the whole subject where it names none. */
export function userOf({ subject = "" }: ListedToken): string {
  return String(subject).split("/users/").at(-1)!;
}

function time(name: string, seconds: unknown): Record<string, string> {
  const time = typeof seconds === "number" ? timeOf(seconds) : undefined;
  return time === undefined ? {} : { [name]: time };
}
