import { systemError, thisDisk } from "./disk.ts";
import { awaitAction } from "./world.ts";

/** What the product takes of node:fs, on the disk of the host it runs on. */
export const constants = { R_OK: 4, W_OK: 2, F_OK: 0, O_RDONLY: 0, O_NONBLOCK: 2048 };

/** What is known of a file. */
export function describe(path: string, call: string) {
  const node = thisDisk().need(path, call);
  const mtimeMs = node.changedAt;
  return {
    ino: node.number,
    size: node.content.length,
    mtimeMs,
    mtime: new Date(mtimeMs),
    ctimeMs: mtimeMs,
    birthtimeMs: mtimeMs,
    mode: node.mode,
    dev: 1,
    uid: 0,
    nlink: 1,
    isFile: () => !node.isFolder,
    isDirectory: () => node.isFolder,
    isSymbolicLink: () => false,
    isFIFO: () => false,
  };
}

export function existsSync(path: string): boolean {
  return thisDisk().find(path) !== undefined;
}

export function statSync(path: string, options: { throwIfNoEntry?: boolean } = {}) {
  if (options.throwIfNoEntry === false && !existsSync(path)) return undefined;
  return describe(path, "stat");
}

export const lstatSync = statSync;

export function readFileSync(path: string, options?: string | { encoding?: string }) {
  const { content } = thisDisk().need(path, "open");
  const encoding = typeof options === "string" ? options : options?.encoding;
  return encoding === undefined ? new Uint8Array(content) : content.toString("utf8");
}

export function readdirSync(path: string): string[] {
  thisDisk().need(path, "scandir");
  return thisDisk().names(path);
}

export function openSync(path: string, flags: string | number = "r", mode?: number): number {
  return thisDisk().open(path, typeof flags === "number" ? "r" : flags, mode);
}

export function closeSync(descriptor: number): void {
  thisDisk().close(descriptor);
}

export function ftruncateSync(descriptor: number, length: number): void {
  thisDisk().truncate(thisDisk().opened(descriptor).node, length);
}

export function writeSync(
  descriptor: number,
  bytes: Uint8Array,
  from = 0,
  length = bytes.length - from,
  at?: number,
): number {
  const end = thisDisk().opened(descriptor).node.content.length;
  return thisDisk().write(descriptor, bytes.subarray(from, from + length), at ?? end);
}

export function readSync(
  descriptor: number,
  into: Uint8Array,
  from = 0,
  length = into.length - from,
  at = 0,
): number {
  const { content } = thisDisk().opened(descriptor).node;
  const part = content.subarray(at, at + length);
  into.set(part, from);
  return part.length;
}

export function fstatSync(descriptor: number) {
  return describe(thisDisk().opened(descriptor).path, "fstat");
}

/** Has on the disk what the file holds. */
export function fdatasync(descriptor: number, done: (error: Error | null) => void): void {
  const disk = thisDisk();
  awaitAction("fdatasync", {
    takesMs: [0.5, 8],
    risk: 6,
    act: (place) => disk.sync(descriptor, place),
  }).then(() => done(null), done);
}

export const fsync = fdatasync;

export function fsyncSync(descriptor: number): void {
  thisDisk().sync(descriptor, "fsyncSync");
}

export const fdatasyncSync = fsyncSync;

export function watch(): never {
  throw systemError("ENOSYS", "watch");
}
