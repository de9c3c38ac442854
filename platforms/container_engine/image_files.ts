import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { appError } from "../../src/errors/app_error.ts";
import { explainSystemError } from "../../src/runtime/system_error.ts";
import { type ElfNeeds, readElfNeeds } from "./elf.ts";
import { type TarEntry, writeTar } from "./tar.ts";

/** Where the executable is in its image. */
export const executablePath = "/hawser";

/** The files an image is made of: path in the image → path on this machine. */
export type ImageFiles = ReadonlyMap<string, string>;

/** Where distributions keep libraries of 64 bits; each loader looks into some of these. */
const libraryFolders = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib/aarch64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
];

/** Loaded by name to resolve host names, in glibc before 2.34. */
const nameServiceLibraries = ["libnss_files.so.2", "libnss_dns.so.2"];

/** Has names looked up in /etc/hosts first, whatever the C library would do of itself. */
const nameServiceSwitch = { "/etc/nsswitch.conf": "hosts: files dns\n" };

const chunkBytes = 1024 * 1024;

/**
 * The executable and what it needs to run: its loader and the libraries it names, and those they
 * name in turn, from the system whose files lie in `root`. Throws `executable-unsuitable` for one
 * that isn't made for Linux, or lacks a library.
 */
export async function findImageFiles(executable: string, root = "/"): Promise<ImageFiles> {
  const refuse = (why: string) => appError("executable-unsuitable", { file: executable, why });
  const needs = await readElfNeeds(executable).catch((error) => {
    throw refuse(explainSystemError(error));
  });
  if (needs === undefined) throw refuse("it is not made for Linux");
  const { machine, interpreter } = needs;
  const files = new Map([[executablePath, executable]]);
  if (interpreter === undefined) return files;
  const folders = [dirname(interpreter), ...libraryFolders];
  const loader = await findLibrary(basename(interpreter), root, folders, machine);
  if (loader === undefined) throw refuse(`its loader ${interpreter} is missing`);
  files.set(interpreter, loader.source);
  const wanted = [...needs.libraries, ...nameServiceLibraries];
  const seen = new Set<string>();
  for (let name; (name = wanted.shift()) !== undefined;) {
    if (seen.has(name)) continue;
    seen.add(name);
    const library = await findLibrary(name, root, folders, machine);
    if (library !== undefined) {
      files.set(library.path, library.source);
      wanted.push(...library.needs.libraries);
    } else if (!nameServiceLibraries.includes(name)) {
      throw refuse(`library ${name} is not in the usual folders`);
    }
  }
  return files;
}

/** A hash of all that the image is made of. */
export async function hashFiles(files: ImageFiles): Promise<string> {
  const hash = createHash("sha256");
  for (const [path, source] of files) {
    hash.update(`${path}\0`);
    for await (const chunk of readChunks(source)) hash.update(chunk);
  }
  return hash.digest("hex");
}

/**
 * The archive an image is made of, with `texts` by their paths. Throws the system's error for a
 * file that is gone.
 */
export async function* packFiles(
  files: ImageFiles,
  texts: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  const allTexts = Object.entries({ ...nameServiceSwitch, ...texts });
  const paths = [...files.keys(), ...allTexts.map(([path]) => path)];
  const entries: TarEntry[] = foldersOf(paths).map((path) => ({ path, mode: 0o755 }));
  for (const [path, source] of files) {
    const { size } = await stat(source);
    entries.push({ path, mode: 0o755, file: { size, content: readChunks(source) } });
  }
  for (const [path, text] of allTexts) {
    const content = Buffer.from(text);
    entries.push({ path, mode: 0o644, file: { size: content.length, content: [content] } });
  }
  yield* writeTar(entries);
}

interface Library {
  path: string;
  /** Where it lies on this machine. */
  source: string;
  needs: ElfNeeds;
}

async function findLibrary(
  name: string,
  root: string,
  folders: string[],
  machine: number,
): Promise<Library | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    const source = join(root, path);
    const needs = existsSync(source) ? await readElfNeeds(source) : undefined;
    if (needs?.machine === machine) return { path, source, needs };
  }
  return undefined;
}

/** All folders that the paths lie in, outer ones first. */
function foldersOf(paths: string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const names = path.split("/").slice(1, -1);
    names.forEach((_, index) => folders.add(`/${names.slice(0, index + 1).join("/")}`));
  }
  return [...folders];
}

async function* readChunks(file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(file, "r");
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes); // each its own: the last one may still be in use
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, null);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
