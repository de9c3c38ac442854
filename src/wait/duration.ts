const unitMs: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  us: 0.001,
  "µs": 0.001,
  ns: 1e-6,
};

/**
 * Milliseconds of a duration in Go's syntax (`1h30m`, `90s`, `1.5h`, `500ms`) or of a bare number
 * of seconds; undefined if `text` is neither. A leading minus is taken, and gives a negative value.
 */
export function parseDuration(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const body = text.replace(/^[-+]/, "");
  if (/^\d+(\.\d+)?$/.test(body)) return sign * Number(body) * 1000;
  if (
    !/^(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(body)
  ) {
    return undefined;
  }
  let total = 0;
  for (const [, number, unit] of body.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(number) * unitMs[unit!]!;
  }
  return sign * total;
}

/** A duration as Go writes it without zero parts: `1h30m`, `15m`, `500ms`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (Math.abs(ms) < 1000) return `${ms}ms`;
  const seconds = Math.abs(ms) / 1000;
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = Math.round((seconds % 60) * 1000) / 1000;
  return `${ms < 0 ? "-" : ""}${h ? `${h}h` : ""}${m ? `${m}m` : ""}${s ? `${s}s` : ""}`;
}

/** A duration in words: "15 minutes", "24 hours", "1 hour 30 minutes". */
export function sayDuration(ms: number): string {
  if (ms < 1000) return plural(ms, "millisecond");
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), "hour"],
    [Math.floor((seconds % 3600) / 60), "minute"],
    [seconds % 60, "second"],
  ] as const;
  return parts.filter(([count]) => count > 0).map(([count, unit]) => plural(count, unit)).join(" ");
}

/** "1 use", "3 uses". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * How far a time (RFC 3339) is from `now`, in its two greatest units: "in 12m", "in 3d4h",
 * "5m10s ago".
 */
export function relativeTime(time: string, now: number): string {
  const seconds = Math.round((Date.parse(time) - now) / 1000);
  const distance = Math.abs(seconds);
  const units = [
    [Math.floor(distance / 86_400), "d"],
    [Math.floor(distance / 3600) % 24, "h"],
    [Math.floor(distance / 60) % 60, "m"],
    [distance % 60, "s"],
  ] as const;
  const first = Math.max(0, units.findIndex(([count]) => count > 0));
  const shown = units.slice(first, first + 2).filter(([count]) => count > 0);
  const text = shown.map(([count, unit]) => `${count}${unit}`).join("") || "0s";
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}
