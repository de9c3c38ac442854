/** One measured figure, in words. */
export interface Figure {
  name: string;
  value: string;
  /** What that is beside another value of the same run. */
  comparison?: string;
  goal?: string;
}

/** The middle value; half-way between the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
