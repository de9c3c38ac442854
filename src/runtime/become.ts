import { spawn } from "node:child_process";
import process from "node:process";

/** Those that the runtime ignores: whoever comes after it would inherit that. */
const ignored = ["SIGPIPE", "SIGXFSZ"] as const;

/**
 * Becomes another program: same process, streams, terminal and signals; never resolves then. Where
 * the system has no such thing (Windows), runs it on the same streams and resolves to its exit
 * code. Throws, or rejects with, the system's error where it can't be run.
 */
export async function becomeProgram(
  program: string,
  args: string[],
  env: Record<string, string | undefined>,
): Promise<number> {
  if (process.platform !== "win32" && process.execve !== undefined) {
    // a signal with a handler is back at its default in the program to come
    for (const signal of ignored) process.on(signal, () => {});
    process.execve(program, [program, ...args], env as NodeJS.ProcessEnv);
  }
  const child = spawn(program, args, { env: env as NodeJS.ProcessEnv, stdio: "inherit" });
  // Ctrl-C is the program's to heed, which has heard it too
  process.removeAllListeners("SIGINT").on("SIGINT", () => {});
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
