import { Buffer } from "node:buffer";
import { placeOf, theWorld, thisProcess } from "./world.ts";

/** A file, or a folder. */
interface Node {
  number: number;
  isFolder: boolean;
  mode: number;
  changedAt: number;
  /** What is read. */
  content: Buffer;
  /** What is left after a power cut, if nothing of the rest had come to the disk. */
  synced: Buffer;
}

/** A change of a folder's names. */
interface Renaming {
  folder: string;
  names: [path: string, node: Node | undefined][];
}

/** An error as the system gives it. */
export function systemError(code: string, call: string, path = ""): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}

/**
 * The disk of a host: what was synced stays after a power cut, of the rest whatever comes. Names
 * stay once
 * their folder was synced, in the order in which they were given.
 */
export class Disk {
  #nodes = new Map<string, Node>();
  #durable = new Map<string, Node>();
  #renamings: Renaming[] = [];
  #numbers = 1;
  readonly #open = new Map<number, { node: Node; path: string }>();
  #descriptors = 100;
  readonly isWithoutLinks: boolean;

  constructor({ isWithoutLinks = false } = {}) {
    this.isWithoutLinks = isWithoutLinks;
    const root = this.#make(true, 0o755);
    this.#nodes.set("/", root);
    this.#durable.set("/", root);
  }

  find(path: string): Node | undefined {
    return this.#nodes.get(path);
  }

  need(path: string, call: string): Node {
    const node = this.find(path);
    if (node === undefined) throw systemError("ENOENT", call, path);
    return node;
  }

  /** Opens a file; makes it where `isNew` or `makes` says so. */
  open(path: string, flags: string, mode = 0o666): number {
    let node = this.find(path);
    if (node !== undefined && flags.includes("x")) throw systemError("EEXIST", "open", path);
    if (node === undefined) {
      if (!/[wa]/.test(flags)) throw systemError("ENOENT", "open", path);
      this.#needFolder(path, "open");
      node = this.#make(false, mode);
      this.#name([[path, node]]);
    } else if (flags.startsWith("w")) {
      node.content = Buffer.alloc(0);
    }
    this.#open.set(++this.#descriptors, { node, path });
    return this.#descriptors;
  }

  opened(descriptor: number): { node: Node; path: string } {
    const found = this.#open.get(descriptor);
    if (found === undefined) throw systemError("EBADF", "read");
    return found;
  }

  close(descriptor: number): void {
    this.#open.delete(descriptor);
  }

  /** Writes at a place; returns how many bytes. A full disk takes a part. */
  write(descriptor: number, bytes: Uint8Array, at: number): number {
    const { node, path } = this.opened(descriptor);
    const place = placeOf("write");
    const world = theWorld();
    if (world.strikes("EIO", place)) throw systemError("EIO", "write", path);
    let length = bytes.length;
    if (world.strikes("ENOSPC", place)) {
      length = Math.floor(length * world.draw(`${place} takes`));
      if (length === 0) throw systemError("ENOSPC", "write", path);
    }
    const content = Buffer.alloc(Math.max(node.content.length, at + length));
    node.content.copy(content);
    content.set(bytes.subarray(0, length), at);
    node.content = content;
    node.changedAt = world.now;
    return length;
  }

  truncate(node: Node, length: number): void {
    if (node.content.length === length) return;
    const content = Buffer.alloc(length);
    node.content.copy(content);
    node.content = content;
    node.changedAt = theWorld().now;
  }

  /** Has on the disk what the file holds; a folder's names with all that were given before. */
  sync(descriptor: number, place: string): void {
    const { node, path } = this.opened(descriptor);
    if (theWorld().strikes("EIO", place)) throw systemError("EIO", "fsync", path);
    if (!node.isFolder) {
      node.synced = Buffer.from(node.content);
      return;
    }
    const last = this.#renamings.findLastIndex(({ folder }) => folder === path);
    for (const renaming of this.#renamings.splice(0, last + 1)) apply(this.#durable, renaming);
  }

  makeFolder(path: string, mode: number): void {
    for (let place = 1; place !== 0;) {
      place = path.indexOf("/", place + 1) + 0;
      const part = place <= 0 ? path : path.slice(0, place);
      if (this.find(part) === undefined) this.#name([[part, this.#make(true, mode)]]);
      if (place <= 0) break;
    }
  }

  link(from: string, to: string): void {
    if (this.isWithoutLinks) throw systemError("EPERM", "link", from);
    const node = this.need(from, "link");
    if (this.find(to) !== undefined) throw systemError("EEXIST", "link", to);
    this.#needFolder(to, "link");
    this.#name([[to, node]]);
  }

  rename(from: string, to: string): void {
    const node = this.need(from, "rename");
    this.#needFolder(to, "rename");
    const below = [...this.#nodes].filter(([path]) => path.startsWith(`${from}/`));
    this.#name([
      [from, undefined],
      [to, node],
      ...below.flatMap(([path, child]): [string, Node | undefined][] => [
        [path, undefined],
        [to + path.slice(from.length), child],
      ]),
    ]);
  }

  remove(path: string): void {
    const gone = [...this.#nodes.keys()].filter((one) =>
      one === path || one.startsWith(`${path}/`)
    );
    this.#name(gone.map((one) => [one, undefined]));
  }

  names(folder: string): string[] {
    const start = folder === "/" ? "/" : `${folder}/`;
    return [...this.#nodes.keys()]
      .filter((path) =>
        path.startsWith(start) && path !== "/" && !path.slice(start.length).includes("/")
      )
      .map((path) => path.slice(start.length));
  }

  /** The power is cut: what was not synced is there in part, or not at all. */
  cutPower(place: string): void {
    const world = theWorld();
    const kept = Math.floor((this.#renamings.length + 1) * world.draw(`${place} names`));
    if (kept < this.#renamings.length) world.inject("lost write", `${place} names`);
    for (const renaming of this.#renamings.slice(0, kept)) apply(this.#durable, renaming);
    this.#renamings = [];
    this.#nodes = new Map(this.#durable);
    this.#open.clear();
    for (const [path, node] of this.#nodes) {
      if (node.isFolder || node.content.equals(node.synced)) continue;
      node.content = tear(
        node,
        world.draw(`${place} ${path}`),
        () => world.inject("torn write", `${place} ${path}`),
      );
      node.synced = Buffer.from(node.content);
      // who remembers what it read has gone with the power
      node.number = this.#numbers++;
    }
  }

  /**
   * A copy of all that was synced, to put back later, as one taken while nothing writes: one of
   * more may hold what a power cut takes back, which nothing promises.
   */
  copy(): [path: string, isFolder: boolean, content: Buffer][] {
    return [...this.#durable]
      .map(([path, node]) => [path, node.isFolder, Buffer.from(node.synced)]);
  }

  /** Puts a file there as it was, as an administrator does. */
  put(path: string, content: Uint8Array): void {
    let node = this.find(path);
    if (node === undefined) {
      this.makeFolder(path.slice(0, path.lastIndexOf("/")), 0o700);
      node = this.#make(false, 0o600);
      this.#name([[path, node]]);
    }
    node.content = Buffer.from(content);
    node.synced = Buffer.from(content);
    node.number = this.#numbers++;
    node.changedAt = theWorld().now;
    for (const renaming of this.#renamings.splice(0)) apply(this.#durable, renaming);
  }

  #make(isFolder: boolean, mode: number): Node {
    const nothing = Buffer.alloc(0);
    const changedAt = theWorld().now;
    return {
      number: this.#numbers++,
      isFolder,
      mode,
      changedAt,
      content: nothing,
      synced: nothing,
    };
  }

  #needFolder(path: string, call: string): void {
    const folder = path.slice(0, path.lastIndexOf("/")) || "/";
    if (this.find(folder)?.isFolder !== true) throw systemError("ENOENT", call, path);
  }

  #name(names: Renaming["names"]): void {
    const [first] = names;
    if (first === undefined) return;
    const folder = first[0].slice(0, first[0].lastIndexOf("/")) || "/";
    const renaming = { folder, names };
    apply(this.#nodes, renaming);
    this.#renamings.push(renaming);
  }
}

/**
 * What is left of a file that was written to and not synced: nothing of it, a part, zeros, or
 * all.
 */
function tear({ content, synced }: Node, draw: number, tell: () => boolean): Buffer {
  if (draw < 0.25) return Buffer.from(synced);
  if (draw > 0.75 || !tell()) return Buffer.from(content);
  const isAppended = content.length > synced.length &&
    content.subarray(0, synced.length).equals(synced);
  if (!isAppended) return Buffer.from(synced);
  const length = Math.floor((content.length - synced.length) * (draw - 0.25) * 2);
  const part = Buffer.from(content.subarray(0, synced.length + length));
  // the length may be on the disk before what is in it
  return draw > 0.5 ? Buffer.concat([part, Buffer.alloc(content.length - part.length)]) : part;
}

function apply(nodes: Map<string, Node>, { names }: Renaming): void {
  for (const [path, node] of names) {
    if (node === undefined) nodes.delete(path);
    else nodes.set(path, node);
  }
}

/** The disk of the host that this code runs on. */
export function thisDisk(): Disk {
  const host = thisProcess()?.host;
  if (!(host?.disk instanceof Disk)) throw new Error("this host has no disk");
  return host.disk;
}
