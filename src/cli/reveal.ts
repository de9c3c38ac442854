import { fstatSync, readlinkSync } from "node:fs";
import process from "node:process";
import { Option } from "@commander-js/extra-typings";
import { appError } from "../errors/app_error.ts";

/** --reveal, of a command of ours that may print a secret. */
export function revealOption() {
  return new Option("--reveal", "print the secret even on a terminal, or into the log of a job");
}

/** Variables that say that a job of a CI system runs this. */
const jobVariables = ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "JENKINS_URL"];

/**
 * Throws `secret-in-sight` if stdout is a terminal, or the log of a CI job: what is printed is seen
 * there, and may be kept. `what` is the secret.
 */
export function refuseInSight(
  stdout: { readonly isTerminal: boolean; readonly isInherited?: boolean },
  env: Record<string, string | undefined>,
  what: string,
): void {
  if (stdout.isTerminal) throw appError("secret-in-sight", { what, where: "on the terminal" });
  const isJob = jobVariables.some((name) => !/^(|0|f|false|no)$/i.test(env[name] ?? ""));
  if (isJob && stdout.isInherited) {
    throw appError("secret-in-sight", { what, where: "in the log of this job" });
  }
}

/**
 * True if stdout is the pipe of who started this program, or that of stderr: nobody has led it
 * elsewhere, so it goes where all output does. False where that can't be seen.
 */
export function isStdoutInherited(): boolean {
  try {
    if (!fstatSync(1).isFIFO()) return false;
    const own = readlinkSync("/proc/self/fd/1");
    return [`/proc/${process.ppid}/fd/1`, "/proc/self/fd/2"].some((other) => leadsTo(other, own));
  } catch {
    return false;
  }
}

function leadsTo(descriptor: string, target: string): boolean {
  try {
    return readlinkSync(descriptor) === target;
  } catch {
    return false; // of another user
  }
}
