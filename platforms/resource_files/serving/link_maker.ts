import { makeUngrantedLink } from "../../../src/grant_service/ungranted_link.ts";
import { describeSigning } from "../../../src/grant_service/signing.ts";
import type { LinkMaker, SigningProbe } from "../../../src/platform/abilities.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { fileGrantBacking } from "./grant_backing.ts";
import type { NamespacePaths } from "../paths.ts";

/** Makes links to a namespace's site as its grants do, without one; `platform` is its store. */
export function fileLinkMaker(
  paths: NamespacePaths,
  platform: Platform,
): LinkMaker & SigningProbe {
  return {
    async make(name, signal) {
      signal.throwIfAborted();
      return await makeUngrantedLink(fileGrantBacking(paths, platform), name);
    },

    async signing(signal) {
      signal.throwIfAborted();
      return await describeSigning(() => fileGrantBacking(paths, platform));
    },
  };
}
