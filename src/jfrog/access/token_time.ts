/** Seconds since 1970 as RFC 3339, UTC; undefined for what is no time. */
export function timeOf(seconds: number): string | undefined {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return undefined;
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
