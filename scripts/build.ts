import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { checkClosed, closeRuntime } from "./closed_runtime.ts";
import { signAdHoc } from "./code_signature.ts";

/** What an executable is built for: names as npm's and Deno's package selection has them. */
export interface Target {
  os: "linux" | "darwin" | "win32";
  arch: "x64" | "arm64";
  /** Of Linux, where it is not glibc. */
  libc?: "musl";
}

/** All that a release is for. The runtime for x64 needs no AVX2: it looks what there is. */
export const targets: Target[] = [
  { os: "linux", arch: "x64" },
  { os: "linux", arch: "arm64" },
  { os: "linux", arch: "x64", libc: "musl" },
  { os: "linux", arch: "arm64", libc: "musl" },
  { os: "darwin", arch: "x64" },
  { os: "darwin", arch: "arm64" },
  { os: "win32", arch: "x64" },
];

/**
 * Splitting and bytecode together keep lazily imported code off the start-up path. Without the two
 * flags about them the executable would obey a bunfig.toml or .env of the folder it is called in,
 * and without the last one a library would print what a router sends where DEBUG is set.
 */
const compileFlags = [
  "--compile",
  "--minify",
  "--bytecode",
  "--splitting",
  "--format=esm",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--define=process.env.DEBUG=undefined",
];

export const root: string = fileURLToPath(new URL("..", import.meta.url));
export const dist: string = path.join(root, "dist");

/** The bun program that `deno install` put below `folder` for the target. */
export function bunProgram(folder: string, target: Target): string {
  const os = target.os === "win32" ? "windows" : target.os;
  const arch = target.arch === "arm64" ? "aarch64" : target.arch;
  const libc = target.libc === undefined ? "" : `-${target.libc}`;
  const file = `@oven/bun-${os}-${arch}${libc}/bin/bun${target.os === "win32" ? ".exe" : ""}`;
  const bun = createRequire(path.join(folder, "deno.json")).resolve("bun/package.json");
  return createRequire(bun).resolve(file);
}

/** The bun program for this machine. */
export function bunHere(): string {
  return bunProgram(root, { os: process.platform, arch: process.arch } as Target);
}

/** Compiles main.ts for this machine into dist/hawser and returns its path. */
export function buildHere(): string {
  const outfile = path.join(dist, process.platform === "win32" ? "hawser.exe" : "hawser");
  fs.mkdirSync(dist, { recursive: true });
  const folder = fs.mkdtempSync(path.join(dist, "runtime-"));
  try {
    const runtime = closed(bunHere(), process.arch as Target["arch"], folder);
    compile("main.ts", outfile, [`--compile-executable-path=${runtime}`]);
    checkClosed(outfile);
    return outfile;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles main.ts for every target into dist, and writes SHA256SUMS beside them. */
export function buildAll(): string[] {
  const files = targets.map(buildFor);
  const sums = files.map((file) => `${sha256(file)}  ${path.basename(file)}\n`);
  fs.writeFileSync(path.join(dist, "SHA256SUMS"), sums.join(""));
  return files;
}

/** Compiles main.ts for the target into dist and returns its path. */
export function buildFor(target: Target): string {
  fs.mkdirSync(dist, { recursive: true });
  const folder = fs.mkdtempSync(path.join(dist, "runtime-"));
  try {
    const outfile = path.join(dist, executableName(target));
    const installed = installRuntime(folder, target);
    const bunTarget = path.basename(path.dirname(path.dirname(installed)));
    const runtime = closed(installed, target.arch, folder);
    const unsigned = path.join(folder, path.basename(outfile));
    compile("main.ts", unsigned, [`--target=${bunTarget}`, `--compile-executable-path=${runtime}`]);
    if (target.os === "darwin") {
      fs.writeFileSync(unsigned, signAdHoc(fs.readFileSync(unsigned), "hawser"));
    }
    checkClosed(unsigned);
    fs.renameSync(unsigned, outfile);
    return outfile;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The runtime without its variables. Its signature is void by then: what is compiled gets one. */
function closed(runtime: string, arch: Target["arch"], folder: string): string {
  const copy = path.join(folder, "closed-runtime");
  closeRuntime(runtime, copy, arch);
  return copy;
}

function executableName(target: Target): string {
  return `hawser-${targetName(target)}${target.os === "win32" ? ".exe" : ""}`;
}

/** What users call the target, as in the names of a release's files. */
export function targetName({ os, arch, libc }: Target): string {
  const name = { linux: "linux", darwin: "macos", win32: "windows" }[os];
  return [name, arch, ...libc === undefined ? [] : [libc]].join("-");
}

/**
 * Installs the target's runtime from npm into `folder`. Deno checks it against the integrity hash
 * in deno.lock; left to itself, bun would download it unchecked.
 */
export function installRuntime(folder: string, target: Target): string {
  for (const file of ["deno.json", "deno.lock"]) {
    fs.copyFileSync(path.join(root, file), path.join(folder, file));
  }
  const args = ["install", "--quiet", "--frozen", `--os=${target.os}`, `--arch=${target.arch}`];
  run(process.execPath, args, folder);
  return bunProgram(folder, target);
}

/**
 * Compiles a file of the repository into an executable, for this machine unless `flags` say else.
 */
export function compile(file: string, outfile: string, flags: string[] = []): void {
  run(bunHere(), ["build", ...compileFlags, ...flags, file, "--outfile", outfile], root);
}

function run(program: string, args: string[], cwd: string): void {
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status === 0) return;
  throw new Error(`${path.basename(program)} ${args.join(" ")} failed\n${stdout}${stderr}`, {
    cause: error,
  });
}

function sha256(file: string): string {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}

if (import.meta.main) {
  try {
    const files = process.argv.includes("--all") ? buildAll() : [buildHere()];
    for (const file of files) console.log(path.relative(process.cwd(), file));
  } catch (error) {
    console.error(String(error));
    process.exitCode = 1;
  }
}
