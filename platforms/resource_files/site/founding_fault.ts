import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { NamespacePaths } from "../paths.ts";
import { makeLastingFolder, writeWhole } from "../../../src/runtime/files.ts";

/** The file with what keeps the namespace's site from being founded. */
export function faultFile(paths: NamespacePaths): string {
  return join(paths.state, "founding.json");
}

/** What keeps the site of that name from being founded, as its controller saw it last. */
export async function readFault(paths: NamespacePaths, site: string): Promise<string | undefined> {
  try {
    const fault = JSON.parse(await readFile(faultFile(paths), "utf8"));
    return fault.site === site ? String(fault.message) : undefined;
  } catch {
    return undefined; // absent; written whole and by us alone
  }
}

/**
 * Keeps that, for who reads the site's status; undefined: nothing does. Where it can't be kept,
 * the controller's log has it.
 */
export async function keepFault(
  paths: NamespacePaths,
  site: string,
  message: string | undefined,
): Promise<void> {
  if (await readFault(paths, site) === message) return;
  try {
    if (message === undefined) return await rm(faultFile(paths), { force: true });
    await makeLastingFolder(paths.state);
    const text = `${JSON.stringify({ site, message })}\n`;
    await writeWhole(faultFile(paths), text, { mode: 0o600, replace: "always" });
  } catch {
    // a full disk may be the very fault
  }
}
