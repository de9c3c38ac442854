import * as fs from "node:fs";

const document = new URL("../../docs/guarantees.md", import.meta.url);

/**
 * Writes what a run has shown into docs/guarantees.md: the list item that begins with that name is
 * replaced. Throws an Error if there is none.
 */
export function writeFigures(name: string, text: string): void {
  const before = fs.readFileSync(document, "utf8");
  const item = new RegExp(`^- ${name}: .*(?:\\n  .*)*$`, "m");
  if (!item.test(before)) throw new Error(`docs/guarantees.md has no item "- ${name}: "`);
  fs.writeFileSync(document, before.replace(item, () => fold(`- ${name}: ${text}`)));
}

/** Lines of at most 100 characters, as the formatter has them. */
function fold(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + word.length < 100) lines.push(`${lines.pop()} ${word}`);
    else lines.push(line === undefined ? word : `  ${word}`);
  }
  return lines.join("\n");
}

/** A count as it is read. */
export function say(count: number): string {
  return count.toLocaleString("en-US");
}
