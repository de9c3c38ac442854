import process from "node:process";
import { parseArgs } from "node:util";

const numbers = [
  ...["--minutes", "--histories", "--first", "--workers", "--seed"],
  ...["--crowds", "--cluster-crowds", "--real", "--cluster", "--at-once"],
] as const;
const flags = ["--short", "--write", "--mutants", "--hostile", "--built"] as const;

type NumberOption = typeof numbers[number];
type Flag = typeof flags[number];

/** Throws a TypeError that names the word, for one that is no option here. */
function readOptions(): Record<string, string | boolean | undefined> {
  const options: Record<string, { type: "string" | "boolean" }> = {};
  for (const name of numbers) options[name.slice(2)] = { type: "string" };
  for (const name of flags) options[name.slice(2)] = { type: "boolean" };
  return parseArgs({ args: process.argv.slice(2), options }).values;
}

const given = readOptions();

/** The number behind an option; undefined without the option. Throws an Error for no number. */
export function numberOption(name: NumberOption): number | undefined {
  const text = given[name.slice(2)];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw new Error(`${name} takes a number`);
  return value;
}

/** True if the option was given. */
export function hasOption(name: Flag): boolean {
  return given[name.slice(2)] === true;
}
