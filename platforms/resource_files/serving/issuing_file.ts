import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import type { IssuingStore } from "../../../src/grant_service/ledger/backing.ts";
import { writeWhole } from "../../../src/runtime/files.ts";

/**
 * The issuing authority below another one, in a file of mode 0600 that the controller alone reads
 * and writes. `makeFolder` makes its folder, if that is still to be.
 */
export function issuingFile(
  path: string,
  makeFolder: (folder: string) => Promise<void>,
): IssuingStore {
  const read = async () => {
    try {
      const text = await readFile(path, "utf8");
      return { text, version: text };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  };
  return {
    read,

    async write(text, version) {
      if ((await read())?.version !== version) {
        throw appError("conflict", { kind: "Issuing authority", name: path });
      }
      await makeFolder(dirname(path));
      await writeWhole(path, text, { mode: 0o600, replace: "always" });
    },
  };
}
