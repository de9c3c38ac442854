/** The least room that is worth a column of its own, in characters. */
const leastRoom = 16;

/**
 * Text for a terminal of so many columns: a line that is longer goes on below its last column, or
 * below its own beginning where little room is left there, and is broken at spaces only.
 */
export function fitColumns(text: string, columns: number): string {
  return text.split("\n").flatMap((line) => fitLine(line, columns)).join("\n");
}

/** Prose for a terminal of so many columns: paragraphs are set anew, what is indented fitted. */
export function fitProse(text: string, columns: number): string {
  const paragraphs = text.replace(/(?<=^\S.*)\n(?=\S)/gm, " ");
  return paragraphs.split("\n").flatMap((line) =>
    /^\S/.test(line) && !/\S {2,}\S/.test(line)
      ? fitLine(line, columns).map((row) => row.trimStart())
      : fitLine(line, columns)
  ).join("\n");
}

function fitLine(line: string, columns: number): string[] {
  if (line.length <= columns) return [line];
  const start = /^ */.exec(line)![0].length;
  const lastColumn =
    Array.from(line.matchAll(/\S {2,}(?=\S)/g), ({ index, 0: gap }) => index + gap.length).filter((
      at,
    ) => at <= columns - leastRoom).at(-1) ?? start;
  const indent = lastColumn === start ? start + 2 : lastColumn;
  const rows: string[] = [];
  let row = line.slice(0, lastColumn);
  for (const { gap, word, at } of wordsOf(line.slice(lastColumn))) {
    if (at > 0 && row.length + gap.length + word.length > columns) {
      rows.push(row);
      row = " ".repeat(indent) + word;
    } else {
      row += gap + word;
    }
  }
  return [...rows, row];
}

/** Words with the spaces before each, and where they stand. */
function wordsOf(text: string): { gap: string; word: string; at: number }[] {
  return Array.from(
    text.matchAll(/( *)(\S+)/g),
    ({ 1: gap = "", 2: word = "", index }) => ({ gap, word, at: index }),
  );
}
