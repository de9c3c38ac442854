import * as fs from "node:fs";

const document = new URL("../../docs/guarantees.md", import.meta.url);

/** The rows of the table of runs, and what they say. */
const row = /^\| (\S.*?) +\| (.*?) +\|\n/gm;
const table = /^\| run +\| .*\n\| -+ \| -+ \|\n((?:\| .*\n)+)/m;

/**
 * Writes what a run has shown into docs/guarantees.md: the row of its table that begins with that
 * name is replaced. Throws an Error if there is none.
 */
export function writeFigures(name: string, text: string): void {
  const before = fs.readFileSync(document, "utf8");
  const [, body = ""] = table.exec(before) ?? [];
  const rows = [...body.matchAll(row)].map(([, run, found]) =>
    [run!, run === name ? text : found!] as const
  );
  if (!rows.some(([run]) => run === name)) {
    throw new Error(`docs/guarantees.md has no row "${name}" in its table of runs`);
  }
  const all = [["run", "what came of it"], ...rows] as const;
  const widths = [0, 1].map((column) => Math.max(...all.map((cells) => cells[column]!.length)));
  const lines = all.map((cells) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |\n`
  );
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |\n`);
  fs.writeFileSync(document, before.replace(table, () => lines.join("")));
}

/** A count as it is read. */
export function say(count: number): string {
  return count.toLocaleString("en-US");
}
