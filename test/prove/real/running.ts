import * as fs from "node:fs";
import process from "node:process";
import type { CallOptions, Outcome, Running, Sandbox } from "../../e2e/stage/harness.ts";

/** Starts the executable, under another program if one is named. */
export function startUnder(
  sandbox: Sandbox,
  wrapper: readonly string[],
  words: string[],
  options: CallOptions = {},
): Running {
  const [program, ...others] = wrapper;
  return program === undefined
    ? sandbox.start(words, options)
    : sandbox.launch(program, [...others, "hawser", ...words], options);
}

/** Sends a signal to a process, and to the one that it runs: strace and faketime pass none on. */
export function signalAll({ process: child }: Running, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT") {
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  const found = fs.existsSync(children) ? fs.readFileSync(children, "utf8").split(" ") : [];
  for (const pid of [...found, String(child.pid)]) {
    try {
      if (pid !== "") process.kill(Number(pid), signal);
    } catch {
      // it has ended by itself
    }
  }
}

/** Kills it, and waits until it is gone. */
export async function killAll(running: Running): Promise<Outcome> {
  signalAll(running, "SIGKILL");
  return await running.ended;
}

/** Waits until a controller serves, or has ended. */
export async function awaitListening({ process: child, ended }: Running): Promise<void> {
  let log = "";
  await new Promise<void>((resolve) => {
    child.stderr!.on("data", function look(text: string) {
      log += text;
      if (!log.includes('"event":"listening"')) return;
      child.stderr!.off("data", look);
      resolve();
    });
    void ended.then(() => resolve());
  });
}
