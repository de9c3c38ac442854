import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { dist, root } from "../build.ts";

/** Where the tests find the release that was made for them, and its public key beside it. */
export const trial: string = path.join(dist, "release");
export const trialKey: string = path.join(dist, "release.pub");

/** Makes a whole release of the last commit for the tests, signed by a key of its own. */
export function makeTrial(): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-key-"));
  try {
    const secret = path.join(folder, "key");
    fs.mkdirSync(dist, { recursive: true });
    run("minisign", ["-G", "-W", "-f", "-p", trialKey, "-s", secret], folder);
    releaseFromClone(trial, ["--key", secret, "--base-url", "https://localhost:1/hawser"]);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Makes a release of the last commit in `out`, in a clean clone that goes when it is done. */
export function releaseFromClone(out: string, args: string[]): void {
  const clone = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-clone-"));
  try {
    run("git", ["clone", "--quiet", root, clone], root);
    run(process.execPath, ["install", "--quiet", "--frozen"], clone);
    run(process.execPath, ["task", "--quiet", "release", "--out", out, ...args], clone);
  } finally {
    fs.rmSync(clone, { recursive: true });
  }
}

/** Runs a program, which must succeed. */
function run(program: string, args: string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
}
