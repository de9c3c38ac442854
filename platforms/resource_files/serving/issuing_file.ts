import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import type { IssuingStore } from "../../../src/grant_service/ledger/backing.ts";
import { writeWhole } from "../../../src/runtime/files.ts";
import { unlessAbsent } from "../../../src/runtime/system_error.ts";

/**
 * The issuing authority below another one, in a file of mode 0600 that the controller alone reads
 * and writes. `makeFolder` makes its folder, if that is still to be.
 */
export function issuingFile(
  path: string,
  makeFolder: (folder: string) => Promise<void>,
): IssuingStore {
  const read = async () => {
    const text = await unlessAbsent(readFile(path, "utf8"));
    return text === undefined ? undefined : { text, version: text };
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
