import { chmod, open, realpath, rm, stat } from "node:fs/promises";
import process from "node:process";
import { appError, isAppError } from "../../errors/app_error.ts";
import { readLimited, writeWhole } from "../../runtime/files.ts";
import { explainSystemError, systemErrorCode } from "../../runtime/system_error.ts";

/** What the system says where nothing can be renamed over a file: one mounted by itself. */
const unmovable = ["EBUSY", "EXDEV"];

/** Where the content of a file is kept while it is written in place; it is there no longer. */
export function keptBeside(path: string): string {
  return `${path}.before`;
}

/**
 * Writes the configuration file whole. Mode and owner stay what they were; a new file, or
 * one that everybody might read, is its owner's alone. A file that can't be replaced by another is
 * written in place, as jf does: what it held is in `keptBeside(path)` until that is done, and is
 * taken from there after a crash. Throws `not-writable`.
 */
export async function writeConfigFile(path: string, text: string, maxBytes: number): Promise<void> {
  // a link to the file is the user's, and stays one
  const target = await realpath(path).catch(() => path);
  const before = await stat(target).catch(() => undefined);
  // who lets everybody read it has hardly chosen that; who lets a group has
  const mode = before === undefined || before.mode & 0o007 ? 0o600 : before.mode & 0o770;
  const isOurs = before === undefined ||
    before.uid === process.geteuid?.() && (before.gid === process.getegid?.() || !(mode & 0o070));
  if (!isOurs) return await writeInPlace(path, target, text, maxBytes);
  try {
    await writeWhole(target, text, { mode: mode & 0o700, replace: "always" });
    // not before: the umask may have its say, and nobody else is to see half of it
    if (mode & 0o070) await chmod(target, mode);
  } catch (error) {
    const code = systemErrorCode(isAppError(error) ? error.cause : error);
    if (before === undefined || !unmovable.includes(code ?? "")) throw error;
    await writeInPlace(path, target, text, maxBytes);
  }
}

async function writeInPlace(
  path: string,
  target: string,
  text: string,
  maxBytes: number,
): Promise<void> {
  const kept = keptBeside(path);
  const held = await readLimited(target, maxBytes);
  await writeWhole(kept, held, { mode: 0o600, replace: "always" });
  try {
    const handle = await open(target, "r+");
    try {
      const bytes = new TextEncoder().encode(text);
      await handle.writeFile(bytes);
      await handle.truncate(bytes.length);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const why = `${explainSystemError(cause)}; what it held is in ${kept}`;
    throw appError("not-writable", { path: target, why }, { cause });
  }
  await rm(kept, { force: true });
}
