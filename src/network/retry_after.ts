import type { IncomingHttpHeaders } from "node:http";

/**
 * How long an answer asks to wait before the next try, in milliseconds: seconds or a date (RFC 9110
 * 10.2.3). Undefined where it does not. `now` is this machine's time in milliseconds.
 */
export function retryAfterMs(headers: IncomingHttpHeaders, now: number): number | undefined {
  const value = headers["retry-after"];
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
