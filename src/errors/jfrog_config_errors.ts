import { entry } from "./entry.ts";

/** What can be wrong with the configuration file that is shared with jf. */
export const jfrogConfigErrors = {
  "jfrog-home-unknown": entry<Record<never, never>>({
    exit: "precondition",
    message: () => "There is no home folder: neither JFROG_CLI_HOME_DIR nor HOME is set",
  }),
  "jfrog-config-invalid": entry<{ file: string; why: string }>({
    exit: "usage",
    message: (d) => `Invalid JFrog configuration file ${d.file}: ${d.why}`,
    hint: (_, say) =>
      `Correct the file, or move it away and add your servers anew: ${say.program} config add`,
  }),
  "jfrog-config-newer": entry<{ file: string; version: string; newest: number }>({
    exit: "precondition",
    message: (d) =>
      `JFrog configuration file ${d.file} has version ${d.version}, of a newer program: ` +
      `this one knows versions up to ${d.newest}`,
  }),
  "jfrog-config-locked": entry<{ folder: string; pid: number; after: string }>({
    exit: "conflict",
    message: (d) =>
      `Process ${d.pid} has kept the JFrog configuration locked for ${d.after}: ` +
      `its lock file is in ${d.folder}`,
  }),
  "jfrog-key-missing": entry<{ file: string }>({
    exit: "precondition",
    message: (d) => `The secrets in ${d.file} are encrypted, and there is no key`,
    hint: () =>
      "Set JFROG_CLI_ENCRYPTION_KEY to the key or to the path of a .key file that holds it.",
  }),
  "jfrog-key-invalid": entry<{ source: string; why: string }>({
    exit: "usage",
    message: (d) => `Invalid encryption key in ${d.source}: ${d.why}`,
  }),
  "jfrog-key-wrong": entry<{ file: string; source: string; field: string }>({
    exit: "refused",
    message: (d) =>
      `Cannot decrypt ${d.field} in ${d.file}: the key in ${d.source} is not the one it was ` +
      "encrypted with, or the value is damaged",
  }),
} as const;
