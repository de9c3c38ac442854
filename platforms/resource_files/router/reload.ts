import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import { abortable } from "../../../src/runtime/abortable.ts";
import { startProgram } from "../../../src/runtime/program.ts";
import { explainSystemError } from "../../../src/runtime/system_error.ts";
import type { LocalRouter } from "./local_router.ts";

const maxOutputBytes = 1024 * 1024;

/**
 * Runs upstream's program, which has the router start anew with what the input says. Throws
 * `reload-failed`.
 */
export async function reloadSystem(
  router: LocalRouter,
  env: Record<string, string | undefined>,
  executable: string[],
  signal: AbortSignal,
): Promise<void> {
  const command = await router.command();
  if (!command.startsWith("skupper ")) {
    throw appError("reload-failed", { command, why: "its last start died half-way" });
  }
  const [, ...words] = command.split(" ");
  const program = await findSkupper(env, executable);
  if (program === undefined) {
    throw appError("reload-failed", { command, why: "no skupper of upstream's is on the PATH" });
  }
  const running = startProgram(program, words, {
    env,
    maxOutputBytes,
  });
  try {
    const { code, stdout, stderr } = await abortable(running.ended, signal);
    if (code === 0) return;
    // upstream writes its errors to either
    const said = (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "";
    throw appError("reload-failed", { command, why: `it ended with ${code}: ${said}` });
  } catch (cause) {
    running.stop();
    signal.throwIfAborted();
    if (cause instanceof Error && "code" in cause && String(cause.code).startsWith("E")) {
      throw appError("reload-failed", { command, why: explainSystemError(cause) }, { cause });
    }
    throw cause;
  }
}

/** Upstream's program on the PATH: not this one under its name. */
async function findSkupper(
  env: Record<string, string | undefined>,
  executable: string[],
): Promise<string | undefined> {
  const own = await realpath(executable[0] ?? "").catch(() => undefined);
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder || ".", "skupper");
    const isThere = await access(path, constants.X_OK).then(() => true, () => false);
    if (isThere && await realpath(path).catch(() => undefined) !== own) return path;
  }
  return undefined;
}
