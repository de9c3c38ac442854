import { access, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { PlatformName } from "../../src/platform/name.ts";
import { isSubdomain } from "../../src/resources/names.ts";
import type { RouterAccess } from "../../src/resources/router_access.ts";
import { sleep } from "../../src/runtime/clock.ts";
import { readPlatform } from "./namespace_platform.ts";
import type { NamespacePaths } from "./paths.ts";
import { type FolderReading, readFolder } from "./store/resource_reader.ts";

/** True if `skupper system start` made the namespace or runs it. */
export async function isStarted(paths: NamespacePaths): Promise<boolean> {
  return await exists(paths.platformFile) || await exists(paths.runtime);
}

/**
 * The command that has a router run for the namespace as its input is now. A start of upstream's
 * that died half-way left what keeps the next one from beginning: a note of the platform without a
 * router's configuration (docs/spec/skupper-system-sites.md 11.4). What it made of the input goes
 * first then; certificate authorities stay.
 */
export async function startCommand(paths: NamespacePaths, usual: PlatformName): Promise<string> {
  const platform = await readPlatform(paths) ?? usual;
  const words = `-n ${paths.namespace} -p ${platform}`;
  const isHalf = await exists(paths.platformFile) &&
    !await exists(join(paths.runtimeRouter, "skrouterd.json"));
  if (isHalf) {
    const left = `${dirname(paths.platformFile)} ${paths.runtimeResources}`;
    return `rm -r ${left}; skupper system start ${words}`;
  }
  return `skupper system ${await exists(paths.runtimeResources) ? "reload" : "start"} ${words}`;
}

/** Upstream writes its files in place: one that is empty or broken may be whole a moment later. */
const rereadAfterMs = 20;
const readings = 10;

/**
 * The RouterAccesses of a started namespace as its router was given them, whatever the input says
 * now.
 */
export async function readRenderedAccesses(paths: NamespacePaths): Promise<RouterAccess[]> {
  let reading: FolderReading<"RouterAccess">;
  for (let left = readings;; left--) {
    reading = await readFolder(paths.runtimeResources, "RouterAccess", paths.namespace);
    const isDoubtful = [...reading.doubtful.keys()].some((file) =>
      basename(file).startsWith("RouterAccess-")
    );
    if (!isDoubtful || left === 1) break;
    await sleep(rereadAfterMs, new AbortController().signal);
  }
  return [...reading.resources.values()].map(({ resource }) => resource);
}

/**
 * A file of a certificate that the router was given, PEM; undefined if it has none of that name.
 * The certificates are named by a resource's tlsCredentials, which may be anybody's text.
 */
export async function readRenderedCertificate(
  paths: NamespacePaths,
  credentials: string,
  file: CertificateFile,
): Promise<string | undefined> {
  return await readCertificateFile(paths.runtimeCerts, credentials, file);
}

/**
 * The same of one that a user puts into input/certs, where upstream takes it in place of its own:
 * all three files or none (docs/spec/skupper-system-sites.md 3).
 */
export async function readSuppliedCertificate(
  paths: NamespacePaths,
  credentials: string,
  file: CertificateFile,
): Promise<string | undefined> {
  const texts = await Promise.all(
    certificateFiles.map((each) => readCertificateFile(paths.inputCerts, credentials, each)),
  );
  return texts.includes(undefined) ? undefined : texts[certificateFiles.indexOf(file)];
}

const certificateFiles = ["ca.crt", "tls.crt", "tls.key"] as const;
type CertificateFile = (typeof certificateFiles)[number];

async function readCertificateFile(
  folder: string,
  credentials: string,
  file: CertificateFile,
): Promise<string | undefined> {
  if (!isSubdomain(credentials)) return undefined;
  return await readFile(join(folder, credentials, file), "utf8").catch(() => undefined);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
