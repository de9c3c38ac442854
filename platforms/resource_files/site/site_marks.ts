import { access, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import { explainSystemError } from "../../../src/runtime/system_error.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import { makeLastingFolder } from "../../../src/runtime/files.ts";

/** What this program made for a site, one empty file each: nothing else may be removed with it. */
export interface SiteMarks {
  has(mark: Mark): Promise<boolean>;
  /** Set before the thing is made, so that a crash can't leave it unmarked. */
  set(mark: Mark): Promise<void>;
  clear(mark: Mark): Promise<void>;
}

/** The site's certificate authority, or the RouterAccess of that name. */
export type Mark = "authority" | `RouterAccess-${string}`;

/** The marks of the site with that uid. They throw `not-writable`. */
export function siteMarks(paths: NamespacePaths, siteUid: string): SiteMarks {
  const folder = join(siteStatePaths(paths, siteUid).root, "made");
  return {
    has: (mark) => access(join(folder, mark)).then(() => true, () => false),
    async set(mark) {
      const path = join(folder, mark);
      try {
        await makeLastingFolder(folder);
        await writeFile(path, "", { mode: 0o600 });
      } catch (cause) {
        throw appError("not-writable", { path, why: explainSystemError(cause) }, { cause });
      }
    },
    clear: (mark) => rm(join(folder, mark), { force: true }),
  };
}
