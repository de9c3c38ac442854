// Takes back what the job made, whatever became of the job.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import process from "node:process";

const { STATE_undo: undo, STATE_executable: executable } = process.env;

if (undo && fs.existsSync(undo)) {
  const lines = fs.readFileSync(undo, "utf8").split("\n").filter((line) => line !== "");
  // the latest first: it may have been made with the help of the one before
  for (const line of lines.reverse()) {
    const { status, stderr } = spawnSync(executable, wordsOf(line), {
      encoding: "utf8",
      timeout: 120_000,
      env: { ...process.env, HAWSER_UNDO_FILE: "" },
    });
    console.log(`hawser ${line}`);
    if (status === 0) continue;
    const [why = ""] = stderr?.split("\n") ?? [];
    console.log(`::warning::"hawser ${line}" ended with ${status}: ${why}`);
  }
  fs.rmSync(undo);
}

/** The words of a line that is quoted as for a POSIX shell. */
function wordsOf(line) {
  return (line.match(/(?:'[^']*'|\\'|[^\s'\\])+/g) ?? [])
    .map((word) => word.replaceAll(/'([^']*)'|\\(')/g, (_, quoted, quote) => quoted ?? quote));
}
