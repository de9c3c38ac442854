import { AppError } from "../errors/app_error.ts";
import type { Say } from "../errors/entry.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";

/** What one check found. */
export interface Finding {
  /** What was looked at. */
  check: string;
  /** A note is worth knowing; a problem stands in the way. */
  state: "ok" | "note" | "problem";
  detail: string;
  /** What mends it. */
  remedy?: string;
}

/** What checks look at, and with. */
export interface Patient {
  platform: PlatformWithAbilities;
  env: Record<string, string | undefined>;
  /** Of this program. */
  version: string;
  say: Say;
  signal: AbortSignal;
  /** In milliseconds since 1970. */
  now: number;
}

/** What was found fine. */
export function ok(check: string, detail: string): Finding {
  return { check, state: "ok", detail };
}

/** What is worth knowing. */
export function note(check: string, detail: string, remedy?: string): Finding {
  return { check, state: "note", detail, ...(remedy === undefined ? {} : { remedy }) };
}

/** What stands in the way, and what mends it. */
export function problem(check: string, detail: string, remedy?: string): Finding {
  return { check, state: "problem", detail, ...(remedy === undefined ? {} : { remedy }) };
}

/** The findings of a check, which may itself fail: that is one, too. */
export async function examine(
  check: string,
  { say, signal }: Pick<Patient, "say" | "signal">,
  look: () => Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    return [problem(check, error.message, error.hint(say))];
  }
}
