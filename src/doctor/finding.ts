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

/** What a part of the examination found; `isShut`: what is behind it can't be looked at. */
export interface Look {
  findings: Finding[];
  isShut?: boolean;
}

/** What checks look at, and with. */
export interface Patient {
  platform: PlatformWithAbilities;
  env: Record<string, string | undefined>;
  /** Of this program. */
  version: string;
  say: Say;
  signal: AbortSignal;
  /** False where the controller was looked at, and does not serve. */
  isServed?: boolean;
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

/** The findings of a check, which may itself fail: that is one, too, and shuts what is behind. */
export async function examine(
  check: string,
  { say, signal }: Pick<Patient, "say" | "signal">,
  look: () => Promise<Look>,
): Promise<Look> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    return { findings: [problem(check, error.message, error.hint(say))], isShut: true };
  }
}
