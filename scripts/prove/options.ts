import process from "node:process";

/** The number behind an option; undefined without the option. Throws an Error for no number. */
export function numberOption(name: string): number | undefined {
  const text = textOption(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`${name} takes a number`);
  return value;
}

/** What follows an option; undefined without the option. */
export function textOption(name: string): string | undefined {
  const place = process.argv.indexOf(name);
  return place === -1 ? undefined : process.argv[place + 1] ?? "";
}

export function hasOption(name: string): boolean {
  return process.argv.includes(name);
}
