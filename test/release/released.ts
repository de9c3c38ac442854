import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { trial } from "../../scripts/release/trial.ts";
import { version } from "../../src/version.ts";

/** The path of a file of the release; `@` in its name stands for the version. */
export function released(name: string): string {
  return path.join(trial, name.replace("@", version));
}

/** The text of a file of the release. */
export function readReleased(name: string): string {
  return fs.readFileSync(released(name), "utf8");
}

/** What runs on this machine of those programs, to name what a test needs. */
export function missingPrograms(...names: string[]): string[] {
  return names.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
}

/** The output of a program, which must succeed. */
export function output(program: string, args: string[], options: { cwd?: string } = {}): string {
  return execFileSync(program, args, { encoding: "utf8", maxBuffer: 2 ** 26, ...options });
}

/** The body of a test with a folder of its own, which goes with it. */
export function inFolder(body: (folder: string) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-release-"));
    try {
      await body(folder);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  };
}
