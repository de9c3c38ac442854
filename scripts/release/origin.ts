import { execFileSync } from "node:child_process";
import { root } from "../build.ts";

/** What a release is made from. */
export interface Origin {
  /** The id of the commit. */
  commit: string;
  /** When it was committed, in seconds since 1970: the date of all that is made from it. */
  committed: number;
}

/** The commit in the work tree. Throws if something there is not as the commit has it. */
export function findOrigin(): Origin {
  const changed = git("status", "--porcelain");
  if (changed !== "") throw new Error(`A release is made from a commit; not in one:\n${changed}`);
  const [commit, seconds] = git("log", "-1", "--format=%H %ct").split(" ");
  return { commit: commit!, committed: Number(seconds) };
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
}
