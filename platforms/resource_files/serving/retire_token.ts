import { lock } from "../../../src/runtime/lock.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import { readFolder } from "../store/resource_reader.ts";
import { putResource, removeResource } from "../store/resource_writer.ts";
import { siteUid } from "../site/site_authority.ts";

/**
 * Takes a finished AccessToken out of the namespace's input, where every reload of upstream's would
 * redeem it again; how it ended is kept in our own state. Other documents of its file stay.
 */
export async function retireToken(
  paths: NamespacePaths,
  platform: Platform,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const held = await lock(paths.lock, signal);
  try {
    const input = await readFolder(paths.inputResources, "AccessToken", paths.namespace);
    const found = input.resources.get(name);
    const token = await platform.get("AccessToken", name, signal);
    const uid = await siteUid(paths);
    if (found === undefined || token === undefined || uid === undefined) return;
    const { resourceVersion: _, ...metadata } = token.metadata;
    const record = { ...token, metadata };
    await putResource(siteStatePaths(paths, uid).resources, "AccessToken", name, record, undefined);
    await removeResource(found);
  } finally {
    held.release();
  }
}
