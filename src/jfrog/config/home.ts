import { homedir } from "node:os";
import { join } from "node:path";
import { appError } from "../../errors/app_error.ts";

/** The environment of the program: only the command line reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The folder that jf keeps all in (docs/spec/jfrog.md 3.1). Throws `jfrog-home-unknown`. */
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
