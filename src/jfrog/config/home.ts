import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { appError } from "../../errors/app_error.ts";
import { explainSystemError } from "../../runtime/system_error.ts";

/** The environment of the program: only the command line reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The folder that jf keeps all in (spec/jfrog.md 3.1). Throws `jfrog-home-unknown`. */
export function jfrogHome(env: Environment): string {
  if (env["JFROG_CLI_HOME_DIR"]) return env["JFROG_CLI_HOME_DIR"];
  const home = env["HOME"] || env["USERPROFILE"] || homedir();
  if (!home) throw appError("jfrog-home-unknown", {});
  return join(home, ".jfrog");
}

/** The folder whose certificates jf trusts beside the system's. */
export function trustedCertificates(home: string): string {
  return join(home, "security", "certs");
}

/** Makes a folder of the home, and the home itself, for the user alone. Throws `not-writable`. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw appError("not-writable", { path: folder, why: explainSystemError(cause) }, { cause });
  }
}
