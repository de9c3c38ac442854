import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RouterAccess } from "../../../src/resources/router_access.ts";
import { explainSystemError, systemErrorCode } from "../../../src/runtime/system_error.ts";
import type { NamespacePaths } from "../paths.ts";
import { readRenderedAccesses, readRenderedCertificate } from "../started_namespace.ts";

/**
 * Where the router listens for clients of this machine; each has it
 * (docs/spec/skupper-system-sites.md 4).
 */
const localRole = "normal";
const localClient = "skupper-local-client";

/** Where and with what the router of a namespace is asked. */
export interface ManagementAddress {
  host: string;
  port: number;
  /** PEM. */
  ca: string;
  cert: string;
  key: string;
}

/** It can't be said how the router is asked. */
export interface NoAddress {
  /** Undefined: the namespace has no router at all. */
  why: string | undefined;
}

/** Where the router's configuration lies; it has one from its first start on. */
export function routerConfigFile(paths: NamespacePaths): string {
  return join(paths.runtimeRouter, "skrouterd.json");
}

/**
 * Where the router of a namespace is asked, and as whom: with the credentials that upstream made
 * for the clients of this machine.
 */
export async function findManagementAddress(
  paths: NamespacePaths,
): Promise<ManagementAddress | NoAddress> {
  if (!await access(routerConfigFile(paths)).then(() => true, () => false)) {
    return { why: undefined };
  }
  const listener = (await readRenderedAccesses(paths)).flatMap(localListeners)[0];
  if (listener === undefined) {
    return { why: "it is not known where it listens for clients of this machine" };
  }
  try {
    const [ca, cert, key] = await Promise.all(
      ["ca.crt", "tls.crt", "tls.key"].map((file) =>
        readFile(join(paths.runtimeCerts, localClient, file), "utf8")
      ),
    );
    return { ...listener, ca: ca!, cert: cert!, key: key! };
  } catch (error) {
    const path = (error as { path?: string }).path ?? paths.runtimeCerts;
    const why = systemErrorCode(error) === undefined ? String(error) : explainSystemError(error);
    return { why: `its client's credentials can't be read (${path}: ${why})` };
  }
}

/**
 * Where links connect to the router of the namespace, with a certificate that it accepts: upstream
 * makes one for each RouterAccess (docs/spec/skupper-system-sites.md 3).
 */
export async function findLinkAddresses(paths: NamespacePaths): Promise<ManagementAddress[]> {
  const found: ManagementAddress[] = [];
  for (const { metadata, spec } of await readRenderedAccesses(paths)) {
    const name = spec?.tlsCredentials || metadata.name;
    const [ca, cert, key] = await Promise.all([
      readRenderedCertificate(paths, name, "ca.crt"),
      readRenderedCertificate(paths, `client-${name}`, "tls.crt"),
      readRenderedCertificate(paths, `client-${name}`, "tls.key"),
    ]);
    if (ca === undefined || cert === undefined || key === undefined) continue;
    for (const role of spec?.roles ?? []) {
      const host = spec?.bindHost || "127.0.0.1";
      if (role.name !== localRole && role.port) {
        found.push({ host, port: role.port, ca, cert, key });
      }
    }
  }
  return found;
}

function localListeners({ spec }: RouterAccess): { host: string; port: number }[] {
  return (spec?.roles ?? []).filter(({ name }) => name === localRole)
    .map(({ port }) => ({ host: spec?.bindHost || "127.0.0.1", port: port ?? 0 }))
    .filter(({ port }) => port > 0);
}
