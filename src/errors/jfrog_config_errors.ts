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
    retry: true,
    message: (d) =>
      `Process ${d.pid} has kept the JFrog configuration locked for ${d.after}: ` +
      `its lock file is in ${d.folder}`,
  }),
  "jfrog-key-missing": entry<{ file: string }>({
    exit: "precondition",
    message: (d) => `The secrets in ${d.file} are encrypted, and there is no key`,
    hint: (_, say) =>
      "Set JFROG_CLI_ENCRYPTION_KEY to the key or to the path of a .key file that holds it. If it " +
      `is lost, remove the servers and add them anew: ${say.program} config remove`,
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
  "jfrog-token-invalid": entry<{ why: string }>({
    exit: "usage",
    message: (d) => `Invalid configuration token: ${d.why}`,
    hint: (_, say) =>
      `Make one with: ${say.program} config export <server id>. ` +
      `One in a file is read by: ${say.program} config import - < FILE`,
  }),
  "jfrog-server-exists": entry<{ id: string }>({
    exit: "conflict",
    message: (d) => `Server ID "${d.id}" already exists`,
    hint: (d, say) =>
      `To replace it, give --overwrite. To change it: ${say.program} config edit "${d.id}"`,
  }),
  "jfrog-no-servers": entry<{ file: string }>({
    exit: "precondition",
    message: (d) => `No server is configured in ${d.file}`,
    hint: (_, say) => `${say.program} config add <server id> --url <url> --access-token-stdin`,
  }),
  "password-encryption-off": entry<{ url: string }>({
    exit: "precondition",
    message: (d) => `${d.url} does not encrypt passwords: Artifactory is configured not to`,
    hint: () => "To keep the password as it is: --enc-password=false.",
  }),
  "jfrog-server-invalid": entry<{ why: string; remedy?: string }>({
    exit: "usage",
    message: (d) => d.why,
    hint: (d) => d.remedy,
  }),
} as const;
