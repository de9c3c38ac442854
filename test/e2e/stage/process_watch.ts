import * as fs from "node:fs";

/** What anybody on the machine, or the same user, could read of the processes of a job. */
export interface SeenProcesses {
  /** Command lines, their words apart by spaces. */
  commandLines: Set<string>;
  /** Variables of environments, as `NAME=value`. */
  variables: Set<string>;
}

/**
 * Looks, as often as it can, at all processes whose environment names `marker`, from now until the
 * function that it returns is called. A process that lives for less than a look is not seen.
 */
export function watchProcesses(marker: string): () => SeenProcesses {
  const seen: SeenProcesses = { commandLines: new Set(), variables: new Set() };
  const before = new Set(processIds());
  const look = () => {
    for (const id of processIds()) {
      if (before.has(id)) continue;
      const environment = readOrNothing(`/proc/${id}/environ`).split("\0");
      if (!environment.some((variable) => variable.includes(marker))) continue;
      environment.forEach((variable) => seen.variables.add(variable));
      seen.commandLines.add(readOrNothing(`/proc/${id}/cmdline`).replaceAll("\0", " ").trim());
    }
  };
  const timer = setInterval(look, 2);
  return function stop() {
    clearInterval(timer);
    return seen;
  };
}

function processIds(): string[] {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

function readOrNothing(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return ""; // it has ended, or is another user's
  }
}
