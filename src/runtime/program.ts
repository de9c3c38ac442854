import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";

/** How a program ended, and what it printed. */
export interface ProgramEnd {
  /** Undefined where a signal ended it. */
  code: number | undefined;
  stdout: string;
  /** Its last bytes. */
  stderr: string;
}

/** A program that runs. */
export interface RunningProgram {
  /**
   * Rejects with the system's error where it can't be run, with a RangeError where it prints too
   * much.
   */
  readonly ended: Promise<ProgramEnd>;
  /** Ends it, and all that it has started. */
  stop(): void;
}

/** What a program that has ended left in its pipes is there by then, in milliseconds. */
const pipesMs = 500;

const maxStderrBytes = 64 * 1024;

/**
 * Starts a program to get its answer: without input, without a terminal, in a process group of its
 * own. When it ends, whatever it leaves running in that group is ended too. Otherwise a killed
 * shell would leave the program it waits for, and that program would hold the pipes open.
 */
export function startProgram(
  command: string,
  args: string[],
  options: { env: Record<string, string | undefined>; maxOutputBytes: number },
): RunningProgram {
  const { promise: ended, resolve, reject } = Promise.withResolvers<ProgramEnd>();
  ended.catch(() => {}); // nobody may wait any more
  const child = spawn(command, args, {
    env: options.env as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  const stdout: Buffer[] = [];
  let stderr = Buffer.alloc(0);
  let bytes = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= options.maxOutputBytes) return stdout.push(chunk);
    reject(new RangeError(`it printed more than ${options.maxOutputBytes} bytes`));
    endGroup(child);
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-maxStderrBytes);
  });
  child.on("error", reject);
  child.on("exit", (code) => {
    endGroup(child);
    const settle = () => {
      clearTimeout(patience);
      const texts = { stdout: Buffer.concat(stdout).toString(), stderr: stderr.toString() };
      resolve({ code: code ?? undefined, ...texts });
    };
    // a program that has left the group may hold the pipes as long as it likes
    const patience = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      settle();
    }, pipesMs);
    child.on("close", settle);
  });
  return { ended, stop: () => endGroup(child) };
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // all of it has ended
  }
}
