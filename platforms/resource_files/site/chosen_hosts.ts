import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import { makePrivateFolder, writeWhole } from "../../../src/runtime/files.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import { siteUid } from "./site_authority.ts";

/**
 * The hosts a user chose for links to a site that upstream started, best first: kept in our own
 * state, as its RouterAccess is not ours to change. None if none were chosen.
 */
export async function readLinkHosts(paths: NamespacePaths): Promise<string[]> {
  const uid = await siteUid(paths);
  if (uid === undefined) return [];
  try {
    const hosts = JSON.parse(await readFile(hostsFile(paths, uid), "utf8"));
    return Array.isArray(hosts) ? hosts : [];
  } catch {
    return []; // absent; written whole and by us alone
  }
}

/** Keeps the hosts that a user chose. Throws `site-missing`, and `not-writable`. */
export async function keepLinkHosts(paths: NamespacePaths, hosts: string[]): Promise<void> {
  const uid = await siteUid(paths);
  if (uid === undefined) {
    const { namespace } = paths;
    throw appError("site-missing", { namespace, purpose: "keep its link hosts" });
  }
  await makePrivateFolder(siteStatePaths(paths, uid).root);
  const text = `${JSON.stringify(hosts)}\n`;
  await writeWhole(hostsFile(paths, uid), text, { mode: 0o600, replace: "always" });
}

function hostsFile(paths: NamespacePaths, uid: string): string {
  return join(siteStatePaths(paths, uid).root, "link_hosts.json");
}
