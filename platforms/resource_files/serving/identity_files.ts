import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { IdentityStore } from "../../../src/grant_service/service_identity.ts";
import { writeWhole } from "../../../src/runtime/files.ts";

/** The identity of the grant service as files in `folder`, readable to their owner alone. */
export function identityFiles(folder: string): IdentityStore {
  return {
    async read(name) {
      try {
        return await readFile(join(folder, name), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(name, text) { // one service at a time has the folder
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeWhole(join(folder, name), text, { mode: 0o600, replace: "always" });
      return text;
    },
  };
}
