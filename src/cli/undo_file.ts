import { appendFileSync } from "node:fs";
import { appError } from "../errors/app_error.ts";
import { explainSystemError } from "../runtime/system_error.ts";

/** Names the file in which a job keeps what takes back what it made. */
const undoVariable = "HAWSER_UNDO_FILE";

/**
 * Adds a command, as a shell reads it and without the program's name, to the file that
 * HAWSER_UNDO_FILE names, if it names one. Throws `not-writable`.
 */
export function recordUndo(env: Record<string, string | undefined>, words: string): void {
  const file = env[undoVariable];
  if (!file) return;
  // whoever runs them reads lines
  if (/[\r\n]/.test(words)) {
    throw appError("not-writable", { path: file, why: "it takes no command of several lines" });
  }
  try {
    appendFileSync(file, `${words}\n`, { mode: 0o600 });
  } catch (cause) {
    throw appError("not-writable", { path: file, why: explainSystemError(cause) }, { cause });
  }
}
