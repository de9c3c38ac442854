import { createReadStream } from "node:fs";

/** The lines of a file without their ends, however long it is. Throws errors of the file system. */
export async function* readLines(path: string): AsyncGenerator<string> {
  // read when it is needed: few commands read lines, and it costs a start 3 ms
  const { createInterface } = await import("node:readline");
  yield* createInterface({ input: createReadStream(path), crlfDelay: Infinity });
}

/** The lines of a text, without an empty one after its end. */
export function linesOf(bytes: Uint8Array): string[] {
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
