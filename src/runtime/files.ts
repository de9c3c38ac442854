import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
  access,
  constants,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { appError } from "../errors/app_error.ts";
import { sleep } from "./clock.ts";
import { explainSystemError, systemErrorCode } from "./system_error.ts";

/** How a file is written. */
export interface WriteOptions {
  /** Permissions of the file made, before the umask. */
  mode: number;
  /** Whether a file that is there already is replaced; "never" fails with `not-writable`. */
  replace: "never" | "always";
}

/**
 * Writes a file so that others see all of it or nothing, whatever happens meanwhile. The file is on
 * the disk when this resolves. Never writes through a symbolic link. Throws `not-writable`, and
 * then leaves nothing behind.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions,
): Promise<void> {
  await checkWritable(path);
  const folder = dirname(path);
  const temporary = temporaryIn(folder);
  try {
    await writeDurably(temporary, content, options.mode);
    await (options.replace === "always" ? rename(temporary, path) : putNew(temporary, path));
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw appError("not-writable", { path, why: explain(error, folder) }, { cause: error });
  }
}

/**
 * Does everything that `writeWhole` does, except that it gives the file no name. It finds out
 * whether place, rights or room on the disk are missing. Throws `not-writable`, and leaves nothing
 * behind.
 */
export async function rehearseWrite(path: string, bytes: number): Promise<void> {
  await checkWritable(path);
  const folder = dirname(path);
  const temporary = temporaryIn(folder);
  try {
    // a file system that compresses finds room for zeros
    await writeDurably(temporary, randomBytes(bytes), 0o600);
  } catch (error) {
    throw appError("not-writable", { path, why: explain(error, folder) }, { cause: error });
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** A new name in that folder, with no ending that a reader of resource files would take up. */
function temporaryIn(folder: string): string {
  return join(folder, `.hawser-${randomBytes(8).toString("hex")}.tmp`);
}

/**
 * Checks without a trace that `path` can be written whole: a regular file or nothing, in a folder
 * that is there. Throws `not-writable`.
 */
export async function checkWritable(path: string): Promise<void> {
  const refuse = (why: string, cause?: unknown) =>
    appError("not-writable", { path, why }, { cause });
  const folder = dirname(path);
  if (/[/\\]$/.test(path) && path !== "\\") throw refuse("it names a folder");
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    throw refuse(explain(error, folder), error);
  }
  const found = await lstat(path).catch((error) => {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw refuse(explain(error, folder), error);
  });
  if (found === undefined) return;
  if (found.isSymbolicLink()) throw refuse("it is a symbolic link, and those are not followed");
  if (found.isDirectory()) throw refuse("it is a folder");
  if (!found.isFile()) throw refuse("it is not a regular file");
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    throw refuse("it is read-only", error);
  }
}

/**
 * The bytes of a file or pipe. Throws `file-not-found`, `not-readable`, and `file-too-large` beyond
 * `maxBytes`, of which no more than one byte over is read.
 */
export async function readLimited(
  path: string,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  try {
    // opened so, a pipe without a writer blocks no thread: the time limit holds for it too
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const kind = await handle.stat();
      if (kind.isDirectory()) throw appError("not-readable", { path, why: "it is a folder" });
      const awaitsWriter = kind.isFIFO() && !/^\/(dev|proc\/\w+)\/fd\//.test(path);
      const buffer = Buffer.alloc(maxBytes + 1);
      let length = 0;
      while (length < buffer.length) {
        const bytesRead = await readSome(handle, buffer, length);
        if (bytesRead === undefined || (bytesRead === 0 && length === 0 && awaitsWriter)) {
          await sleep(pipePauseMs, signal);
          continue;
        }
        if (bytesRead === 0) return new Uint8Array(buffer.subarray(0, length));
        length += bytesRead;
      }
      throw appError("file-too-large", { file: path, maxBytes });
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw appError("file-not-found", { file: path }, { cause: error });
    }
    throw appError("not-readable", { path, why: explain(error, dirname(path)) }, { cause: error });
  }
}

/** Checks that a file is there and is no folder. Throws `file-not-found`, `not-readable`. */
export async function requireFile(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isDirectory()) return;
  } catch (cause) {
    throw appError("file-not-found", { file: path }, { cause });
  }
  throw appError("not-readable", { path, why: "it is a folder" });
}

async function writeDurably(path: string, content: string | Uint8Array, mode: number) {
  const handle = await open(path, "wx", mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives `temporary` the name `path` unless something has that name. */
async function putNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
    await rm(temporary);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemErrorCode(error) ?? "")) {
      throw error;
    }
    // a file system without hard links (a USB stick): the name is taken first, then filled
    await (await open(path, "wx")).close();
    await rename(temporary, path);
  }
}

/** Has the names in a folder on the disk when it resolves; throws the system's error. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // folders can't be opened there
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (systemErrorCode(error) !== "EINVAL") throw error; // file systems that don't sync folders say so
  } finally {
    await handle.close();
  }
}

/**
 * Has on the disk a file that was found: a process that was killed may have written it, and a power
 * cut would take it, or its name, back. Throws `not-writable`.
 */
export async function syncFound(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    // Windows syncs what can be written to, and nothing else
    const handle = await open(path, process.platform === "win32" ? "r+" : "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(folder);
  } catch (cause) {
    throw appError("not-writable", { path, why: explain(cause, folder) }, { cause });
  }
}

function explain(error: unknown, folder: string): string {
  const code = systemErrorCode(error);
  if (code === "ENOENT") {
    // such as /proc, where no file can be made and the system says that it can't find it
    return existsSync(folder) ? "no file can be made there" : `folder ${folder} does not exist`;
  }
  if (code === "ENOTDIR") return `${folder} is not a folder`;
  return explainSystemError(error);
}

/** How long a pipe without anything to read is left alone, in milliseconds. */
const pipePauseMs = 20;

/** Reads what there is, 0 at the end; undefined where a pipe has nothing yet. */
async function readSome(handle: FileHandle, buffer: Buffer, at: number) {
  try {
    return (await handle.read(buffer, at, buffer.length - at, null)).bytesRead;
  } catch (error) {
    if (systemErrorCode(error) === "EAGAIN") return undefined;
    throw error;
  }
}

/**
 * Makes a folder, and those above it, for the owner alone; a power cut leaves the way to what is
 * put into it later. Throws `not-writable`.
 */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await makeLastingFolder(folder);
  } catch (cause) {
    throw appError("not-writable", { path: folder, why: explainSystemError(cause) }, { cause });
  }
}

/** As `makePrivateFolder`; throws the system's error. */
export async function makeLastingFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder;; made = dirname(made)) {
    // where this user may add to a folder and not look into it, nothing can be done
    await syncFolder(dirname(made)).catch((error) => {
      if (systemErrorCode(error) !== "EACCES") throw error;
    });
    if (made === first || made === dirname(made)) return;
  }
}
