/** One YAML document in a text: where it stands and the number of lines before it. */
export interface DocumentText {
  start: number;
  end: number;
  linesBefore: number;
  /** The document, its `---` line included. */
  text: string;
}

/**
 * The documents of a YAML text, divided at its `---` lines; one at least, though it be empty.
 * Joined they are the text again. (No scalar of YAML 1.2 can hold such a line: 9.1.2 forbids it.)
 */
export function splitDocuments(text: string): DocumentText[] {
  const starts = [0, ...[...text.matchAll(/(?<![^\n])---(?!\S)/g)].map((match) => match.index)];
  let linesBefore = 0;
  return [...new Set(starts)].map((start, index, all) => {
    const document = { start, end: all[index + 1] ?? text.length, linesBefore, text: "" };
    document.text = text.slice(start, document.end);
    linesBefore += document.text.split("\n").length - 1;
    return document;
  });
}

/**
 * The text with that document's content replaced. All else stays byte for byte: other documents,
 * and the separator and comment lines the document begins with.
 */
export function replaceDocument(text: string, document: DocumentText, content: string): string {
  const opening = document.text.match(/^(---[ \t]*(#.*)?\r?\n)?([ \t]*(#.*)?\r?\n)*/)![0];
  const separator = opening === "" && document.text.startsWith("---") ? "---\n" : opening;
  return text.slice(0, document.start) + separator + content + text.slice(document.end);
}

/** The text without that document, or undefined if no content but comments would be left. */
export function removeDocument(text: string, document: DocumentText): string | undefined {
  const rest = text.slice(0, document.start) + text.slice(document.end);
  return /^(?!---(\s|$))[ \t]*[^\s#]/m.test(rest) || /^---[ \t]+[^\s#]/m.test(rest)
    ? rest
    : undefined;
}

/**
 * The line of a document's text, from 1, where a field stands: of the last part of its path that is
 * found after the parts before it. It is where people look first, and no promise.
 */
export function lineOfField(text: string, path: readonly PropertyKey[]): number {
  let at = 0;
  for (const part of path) {
    if (typeof part !== "string" || /^\d+$/.test(part)) continue;
    const escaped = part.replaceAll(/[^\w]/g, "\\$&");
    const found = new RegExp(`(?<=^|[\\s{,])(["']?)${escaped}\\1\\s*:`, "m").exec(text.slice(at));
    if (found === null) break;
    at += found.index + 1;
  }
  const first = /^(---.*\n)?(\s*(#.*)?\n)*/.exec(text)![0].length;
  return text.slice(0, at === 0 ? first : at).split("\n").length;
}
