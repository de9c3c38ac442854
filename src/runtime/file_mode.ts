import { stat } from "node:fs/promises";
import process from "node:process";

/**
 * The mode of a file, in octal, where every user of this machine can read it; undefined where that
 * is not so, for what is no file, such as a pipe, and on systems without modes.
 */
export async function modeOpenToAll(path: string): Promise<string | undefined> {
  if (process.platform === "win32") return undefined;
  const found = await stat(path);
  if (!found.isFile() || (found.mode & 0o004) === 0) return undefined;
  return (found.mode & 0o777).toString(8).padStart(4, "0");
}
