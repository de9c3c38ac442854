import { access, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { appError } from "../../src/errors/app_error.ts";
import { isPlatformName, type PlatformName } from "../../src/platform/name.ts";
import { isLabel } from "../../src/resources/names.ts";
import { makeLastingFolder, writeWhole } from "../../src/runtime/files.ts";
import { explainSystemError, systemErrorCode } from "../../src/runtime/system_error.ts";
import { listNamespaces } from "./namespaces.ts";
import { defaultNamespace, findDataHome, type NamespacePaths, namespacePaths } from "./paths.ts";

/**
 * The file that names the platform of a namespace that we made, as upstream's
 * internal/platform.yaml does.
 */
function ownPlatformFile(paths: NamespacePaths): string {
  return join(paths.state, "platform.yaml");
}

/**
 * The platform a namespace of the data home was made with: what upstream says, else what was noted
 * when its site was founded. Undefined if neither says it, or there is no data home.
 */
export async function detectPlatform(
  namespace: string | undefined,
  env: Record<string, string | undefined>,
): Promise<PlatformName | undefined> {
  const name = namespace ?? defaultNamespace;
  if (!isLabel(name)) return undefined; // no part of a path
  try {
    return await readPlatform(namespacePaths(findDataHome(env, process.getuid?.()), name));
  } catch {
    return undefined; // what is wrong is told when the platform is opened
  }
}

/** The namespaces of the data home that the environment names. Throws `not-readable`. */
export async function namespacesHere(env: Record<string, string | undefined>): Promise<string[]> {
  return await listNamespaces(findDataHome(env, process.getuid?.()));
}

/** The platform the namespace was made with. Throws `not-readable`. */
export async function readPlatform(paths: NamespacePaths): Promise<PlatformName | undefined> {
  // a note about a namespace that is gone says nothing of a later one of the same name
  if (!await access(paths.root).then(() => true, () => false)) return undefined;
  for (const file of [paths.platformFile, ownPlatformFile(paths)]) {
    const name = /^platform:\s*"?([a-z]+)"?\s*$/m.exec(await readText(file))?.[1];
    if (name !== undefined && isPlatformName(name)) return name;
  }
  return undefined;
}

/** Throws `namespace-platform` if the namespace was made with another platform than that one. */
export async function requirePlatform(paths: NamespacePaths, name: PlatformName): Promise<void> {
  const { namespace } = paths;
  const made = await readPlatform(paths);
  if (made === undefined || made === name) return;
  throw appError("namespace-platform", { namespace, made, asked: name });
}

/**
 * Notes what the namespace's site is founded with, unless it says so already. Throws
 * `not-writable`.
 */
export async function notePlatform(paths: NamespacePaths, name: PlatformName): Promise<void> {
  if (await readPlatform(paths) === name) return;
  const path = ownPlatformFile(paths);
  try {
    await makeLastingFolder(paths.state);
  } catch (cause) {
    throw appError("not-writable", { path, why: explainSystemError(cause) }, { cause });
  }
  await writeWhole(path, `platform: ${name}\n`, { mode: 0o600, replace: "always" });
}

/** Takes the note away; what upstream says stays. */
export async function forgetPlatform(paths: NamespacePaths): Promise<void> {
  await rm(ownPlatformFile(paths), { force: true });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(cause) ?? "")) return "";
    throw appError("not-readable", { path: file, why: explainSystemError(cause) }, { cause });
  }
}
