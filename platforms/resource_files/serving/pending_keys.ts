import { createHash } from "node:crypto";
import { chmod, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import { readPrivateKey } from "../../../src/pki/key_pair.ts";
import type { PendingKeys } from "../../../src/platform/abilities.ts";
import { makePrivateFolder, syncFound, writeWhole } from "../../../src/runtime/files.ts";
import { explainSystemError, systemErrorCode } from "../../../src/runtime/system_error.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import { siteUid } from "../site/site_authority.ts";
import { withLock } from "../store/store.ts";

/**
 * Keys of redemptions under way, one file each in the site's own state, mode 0600. Processes that
 * ask for the same one at once get the same one. Throws `site-missing` where there is no site.
 */
export function pendingKeyFiles(paths: NamespacePaths): PendingKeys {
  async function findFolder(): Promise<string | undefined> {
    const uid = await siteUid(paths);
    return uid && siteStatePaths(paths, uid).pending;
  }

  function siteMissing() {
    return appError("site-missing", { namespace: paths.namespace, purpose: "redeem a token" });
  }

  return {
    async obtain(redemption, make, signal) {
      signal.throwIfAborted();
      const folder = await findFolder();
      if (folder === undefined) throw siteMissing();
      const path = join(folder, fileName(redemption));
      const before = await readKey(path);
      if (before !== undefined) {
        await touch(path);
        await syncFound(path);
        return before;
      }
      const key = await make();
      return await withLock(paths, signal, async () => {
        // what is kept of a site that went meanwhile must not come back
        if (await findFolder() !== folder) throw siteMissing();
        // another process may have been faster: then its key is the one
        const theirs = await readKey(path);
        if (theirs !== undefined) {
          await syncFound(path);
          return theirs;
        }
        await makePrivateFolder(folder);
        await writeWhole(path, key, { mode: 0o600, replace: "always" });
        return key;
      });
    },

    async forget(redemption, signal) {
      signal.throwIfAborted();
      const folder = await findFolder();
      if (folder === undefined) return;
      const path = join(folder, fileName(redemption));
      try {
        await rm(path, { force: true });
      } catch (cause) {
        throw appError("not-writable", { path, why: explainSystemError(cause) }, { cause });
      }
    },
  };
}

/** A redemption is named by what may hold a token's code: its file name must not tell it. */
function fileName(redemption: string): string {
  return `${createHash("sha256").update(redemption).digest("hex")}.key`;
}

/** A file that holds no whole key is none: a crash may have left it. */
async function readKey(path: string): Promise<string | undefined> {
  try {
    const key = await readFile(path, "utf8");
    return isPrivateKey(key) ? key : undefined;
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return undefined;
    throw appError("not-readable", { path, why: explainSystemError(cause) }, { cause });
  }
}

function isPrivateKey(text: string): boolean {
  try {
    readPrivateKey(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Has the file's change time, which the file system sets, say that its redemption goes on: the
 * sweep of what is given up goes by it.
 */
async function touch(path: string): Promise<void> {
  await chmod(path, 0o600).catch(() => {}); // of another user's, or gone: then it is as it is
}
