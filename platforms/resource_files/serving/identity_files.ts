import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { IdentityStore } from "../../../src/grant_service/service_identity.ts";
import { makePrivateFolder, writeWhole } from "../../../src/runtime/files.ts";
import { unlessAbsent } from "../../../src/runtime/system_error.ts";

/** The identity of the grant service as files in `folder`, readable to their owner alone. */
export function identityFiles(folder: string): IdentityStore {
  return {
    read: (name) => unlessAbsent(readFile(join(folder, name), "utf8")),
    async write(name, text) { // one service at a time has the folder
      await makePrivateFolder(folder);
      await writeWhole(join(folder, name), text, { mode: 0o600, replace: "always" });
      return text;
    },
  };
}
