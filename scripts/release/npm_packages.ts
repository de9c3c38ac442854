import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";
import { version } from "../../src/version.ts";
import { root, type Target, targetName } from "../build.ts";
import type { PackedFile } from "./archives.ts";

/** An executable and the target that it is for. */
export interface Built {
  target: Target;
  /** Its path. */
  file: string;
}

const about = {
  version,
  description: "Issue and redeem Skupper link tokens, create JFrog access tokens",
  license: "Apache-2.0",
};

/**
 * The files of the npm package `hawser`: it starts the executable, which is in the optional package
 * for the machine, and npm installs no other.
 */
export function launcherPackage(targets: Target[], repository: string): PackedFile[] {
  return npmPackage({
    ...about,
    name: "hawser",
    repository: { type: "git", url: `git+${repository}.git` },
    type: "module",
    bin: { hawser: "hawser.js" },
    engines: { node: ">=18" },
    optionalDependencies: Object.fromEntries(targets.map((one) => [packageName(one), version])),
  }, {
    path: "hawser.js",
    mode: 0o755,
    bytes: fs.readFileSync(path.join(root, "packaging/npm/hawser.js")),
  });
}

/** The files of the npm package with the executable for a target. */
export function executablePackage({ target, file }: Built, repository: string): PackedFile[] {
  const libc = { libc: [target.libc ?? "glibc"] };
  return npmPackage({
    ...about,
    name: packageName(target),
    repository: { type: "git", url: `git+${repository}.git` },
    os: [target.os],
    cpu: [target.arch],
    ...target.os === "linux" ? libc : {},
    preferUnplugged: true,
  }, {
    path: target.os === "win32" ? "hawser.exe" : "hawser",
    mode: 0o755,
    bytes: fs.readFileSync(file),
  });
}

/** What npm calls the package for a target. */
export function packageName(target: Target): string {
  return `hawser-${targetName(target)}`;
}

function npmPackage(description: unknown, program: PackedFile): PackedFile[] {
  const text = { path: "package.json", mode: 0o644, bytes: json(description) };
  const license = {
    path: "LICENSE",
    mode: 0o644,
    bytes: fs.readFileSync(path.join(root, "LICENSE")),
  };
  return [text, license, program].map((file) => ({ ...file, path: `package/${file.path}` }));
}

function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
