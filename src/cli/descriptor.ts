import { constants, existsSync, fstatSync, readFileSync, writeSync } from "node:fs";
import { appError } from "../errors/app_error.ts";
import { explainSystemError } from "../runtime/system_error.ts";

/** The bits of a descriptor's flags that say what it is open for (fcntl(2)). */
const accessModes = 0o3;

/**
 * Throws if the descriptor is not open, for writing. Those that the runtime has for itself, to wait
 * with, are no files: they would take a text, and nobody would read it.
 */
export function checkDescriptor(descriptor: number): void {
  const kind = fstatSync(descriptor);
  const info = existsSync(`/proc/self/fdinfo/${descriptor}`)
    ? readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8")
    : "";
  const flags = parseInt(/^flags:\s*([0-7]+)$/m.exec(info)?.[1] ?? "0", 8);
  const isKnown = kind.isFile() || kind.isFIFO() || kind.isSocket() || kind.isCharacterDevice();
  if (!isKnown) throw new Error("it is not open");
  if (info !== "" && (flags & accessModes) === constants.O_RDONLY) {
    throw new Error("it is open for reading alone");
  }
}

/** Writes all bytes to a descriptor. Throws the system's error. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
}

/** Runs what writes to `path`. Throws `not-writable` where it throws. */
export function orUnwritable(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw appError("not-writable", { path, why: explainSystemError(cause) }, { cause });
  }
}
