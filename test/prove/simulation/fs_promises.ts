import { Buffer } from "node:buffer";
import { systemError, thisDisk } from "./disk.ts";
import { constants, describe } from "./fs.ts";
import { awaitAction } from "./world.ts";

export { constants };

/** What the product takes of node:fs/promises: each call is a point at which things go wrong. */
function onDisk<T>(call: string, act: (place: string) => T): Promise<T> {
  return awaitAction(call, { takesMs: [0.02, 0.5], act });
}

export function access(path: string): Promise<void> {
  return onDisk("access", () => void thisDisk().need(path, "access"));
}

export function link(from: string, to: string): Promise<void> {
  return onDisk("link", () => thisDisk().link(from, to));
}

export function rename(from: string, to: string): Promise<void> {
  return onDisk("rename", () => thisDisk().rename(from, to));
}

export function rm(path: string, options: { force?: boolean } = {}): Promise<void> {
  return onDisk("rm", () => {
    if (options.force !== true) thisDisk().need(path, "rm");
    thisDisk().remove(path);
  });
}

export const unlink = rm;

export function lstat(path: string) {
  return onDisk("lstat", () => describe(path, "lstat"));
}

export function stat(path: string) {
  return onDisk("stat", () => describe(path, "stat"));
}

export function mkdir(path: string, options: { mode?: number } = {}): Promise<void> {
  return onDisk("mkdir", () => thisDisk().makeFolder(path, options.mode ?? 0o777));
}

export async function mkdtemp(prefix: string): Promise<string> {
  const path = `${prefix}${Math.random().toString(36).slice(2, 8)}`;
  await mkdir(path);
  return path;
}

export function readdir(path: string, options: { withFileTypes?: boolean } = {}) {
  return onDisk("readdir", () => {
    thisDisk().need(path, "scandir");
    const names = thisDisk().names(path);
    if (options.withFileTypes !== true) return names;
    return names.map((name) => ({ name, ...describe(`${path}/${name}`, "stat") }));
  });
}

export function chmod(path: string, mode: number): Promise<void> {
  return onDisk("chmod", () => void (thisDisk().need(path, "chmod").mode = mode));
}

export function readFile(path: string, options?: string | { encoding?: string }) {
  return onDisk("readFile", () => {
    const { content } = thisDisk().need(path, "open");
    const isText = typeof options === "string" || options?.encoding !== undefined;
    return isText ? content.toString("utf8") : Buffer.from(content);
  });
}

export function truncate(path: string, length = 0): Promise<void> {
  return onDisk("truncate", () => thisDisk().truncate(thisDisk().need(path, "open"), length));
}

export async function writeFile(path: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(path, "w");
  await handle.writeFile(content);
  await handle.close();
}

export async function open(path: string, flags: string | number = "r", mode?: number) {
  const disk = thisDisk();
  const descriptor = await onDisk("open", () => {
    const isFolder = disk.find(path)?.isFolder === true;
    return disk.open(path, isFolder || typeof flags === "number" ? "r" : flags, mode);
  });
  let end = flags === "a" ? disk.opened(descriptor).node.content.length : 0;
  const write = (content: string | Uint8Array) =>
    onDisk("writeFile", () => {
      const bytes = Buffer.from(content as string);
      for (let done = 0; done < bytes.length;) {
        const written = disk.write(descriptor, bytes.subarray(done), end);
        if (written < bytes.length - done) {
          end += written;
          throw systemError("ENOSPC", "write", path);
        }
        done += written;
        end += written;
      }
    });
  const sync = () =>
    awaitAction("fsync", {
      takesMs: [0.5, 8],
      risk: 6,
      act: (place) => disk.sync(descriptor, place),
    });
  return {
    fd: descriptor,
    writeFile: write,
    appendFile: write,
    sync,
    datasync: sync,
    stat: () => onDisk("fstat", () => describe(disk.opened(descriptor).path, "fstat")),
    truncate: (length: number) =>
      onDisk("ftruncate", () => disk.truncate(disk.opened(descriptor).node, length)),
    read: (into: Buffer, from: number, length: number, at: number | null) =>
      onDisk("read", () => {
        const { content } = disk.opened(descriptor).node;
        const part = content.subarray(at ?? end, (at ?? end) + length);
        part.copy(into, from);
        if (at === null) end += part.length;
        return { bytesRead: part.length, buffer: into };
      }),
    readFile: () => onDisk("readFile", () => Buffer.from(disk.opened(descriptor).node.content)),
    close: () => Promise.resolve(disk.close(descriptor)),
  };
}
