/** One measured figure, in words. */
export interface Figure {
  name: string;
  value: string;
  /** What that is beside another value of the same run. */
  comparison?: string;
  goal?: Goal;
}

/** What a figure is to be, in words, and whether it is. */
export interface Goal {
  text: string;
  isMet: boolean;
}

/** A goal for a value: "at most" or "at least" the limit; `unit` comes after it. */
export function goal(
  value: number,
  which: "at most" | "at least",
  limit: number,
  unit = "",
): Goal {
  const isMet = which === "at most" ? value <= limit : value >= limit;
  return { text: `${which} ${limit}${unit}`, isMet };
}

/** The middle value; half-way between the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
