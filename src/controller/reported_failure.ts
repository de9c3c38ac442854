import { isAppError } from "../errors/app_error.ts";
import type { Change } from "./home.ts";
import { errorFields, type Report } from "./log.ts";

/** A change that could not be dealt with, and how often in a row. */
export type Failure = [change: Change, error: unknown, failures: number];

/** Each doubling of failures in a row is told: enough to see them, and not to drown in them. */
export function reportFailure(report: Report, ...[change, error, failures]: Failure): void {
  const isExpected = isAppError(error, "conflict");
  if (isExpected || !Number.isInteger(Math.log2(failures))) return;
  report("reconcile-failed", { ...change, failures, ...errorFields(error) });
}
