/** What stands above every page: nobody is to change it by hand. */
export const notice =
  "<!-- Written by `deno task reference`. Change what it is made from, not this file. -->\n";

/** A table with a header, its columns padded; nothing where there is no row. */
export function table(header: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = header.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`
  );
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}

/** Text as code. */
export function code(text: string): string {
  return `\`${text}\``;
}
