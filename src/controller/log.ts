import { AppError } from "../errors/app_error.ts";
import type { Now } from "../runtime/clock.ts";

/** Puts an event of the controller on record; never with a code or a key in it. */
export type Report = (event: string, fields?: Record<string, unknown>) => void;

/** Reports as one line of JSON each, time and event first. */
export function reportTo(log: (line: string) => void, now: Now): Report {
  return (event, fields = {}) =>
    log(JSON.stringify({ time: new Date(now()).toISOString(), event, ...fields }));
}

/** An error as fields of a report. The stack is there only for a defect. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (error instanceof AppError) return { error: error.message, code: error.code };
  return error instanceof Error
    ? { error: error.message, stack: error.stack }
    : { error: String(error) };
}
