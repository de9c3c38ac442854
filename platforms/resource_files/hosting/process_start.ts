import { readFile } from "node:fs/promises";

/**
 * When the process started, in the kernel's ticks since boot (field 22 of /proc/<pid>/stat,
 * proc(5)): another process that gets its pid later differs in it. Undefined without such a process
 * or /proc.
 */
export async function readProcessStart(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // the name before, in parentheses, may hold anything
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}
