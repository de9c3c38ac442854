import * as fs from "node:fs";
import process from "node:process";

/** Ends every process whose environment names the folder, detached ones and their children too. */
export function endProcessesOf(folder: string): void {
  for (let left; (left = processesOf(folder)).length > 0;) left.forEach(kill);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}

/** Ids of the processes whose environment names the folder. */
function processesOf(folder: string): number[] {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/environ`, "utf8").includes(folder);
    } catch {
      return false;
    }
  }).map(Number);
}
