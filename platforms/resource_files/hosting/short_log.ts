import { readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";

/** A log longer than that, in bytes, is put aside. */
export const longestLog = 10 * 1024 * 1024;

/** How many characters are logged before the file is looked at again. */
const lookAfter = 256 * 1024;

/**
 * Logs as `log` does, which appends to that file, and puts the file aside as `<path>.1` whenever it
 * is longer than `limit` bytes.
 */
export function keepLogShort(
  path: string,
  log: (line: string) => void,
  limit: number = longestLog,
): (line: string) => void {
  let logged = 0;
  return (line) => {
    log(line);
    logged += line.length + 1;
    if (logged < Math.min(lookAfter, limit)) return;
    logged = 0;
    putAside(path, limit);
  };
}

/**
 * Copies the file and empties it: it is open for appending as this process' stderr, which no
 * renaming changes. Where there is no room for a copy, the log grows on until there is.
 */
function putAside(path: string, limit: number): void {
  const copy = `${path}.part`;
  try {
    if (statSync(path).size <= limit) return;
    writeFileSync(copy, readFileSync(path), { mode: 0o600 });
    renameSync(copy, `${path}.1`);
    truncateSync(path);
  } catch {
    rmSync(copy, { force: true });
  }
}
