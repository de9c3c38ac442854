import { access } from "node:fs/promises";
import { join } from "node:path";
import { openTcp } from "../../../src/network/connection.ts";
import { secure } from "../../../src/network/tls.ts";
import type { RouterProbe } from "../../../src/platform/abilities.ts";
import type { PlatformName } from "../../../src/platform/name.ts";
import type { RouterAccess } from "../../../src/resources/router_access.ts";
import { within } from "../../../src/runtime/abortable.ts";
import type { NamespacePaths } from "../paths.ts";
import {
  readRenderedAccesses,
  readRenderedCertificate,
  startCommand,
} from "../started_namespace.ts";

/** A router on this machine answers at once. */
const answerLimitMs = 1000;

/**
 * Where the router listens for clients of this machine; each has it
 * (docs/spec/skupper-system-sites.md 4).
 */
const localRole = "normal";
const localClient = "skupper-local-client";

/**
 * Sees whether the router of a site answers. What upstream's Site says of it proves nothing: that
 * is written before the router starts (docs/spec/skupper-system-sites.md 2).
 */
export function routerProbe(paths: NamespacePaths, platform: PlatformName): RouterProbe {
  return {
    async router(_site, signal) {
      const command = await startCommand(paths, platform);
      return await routerAnswers(paths, signal)
        ? { running: true, reload: command }
        : { running: false, start: command };
    },
  };
}

/** True if a router answers that holds the certificate upstream gave to the namespace's. */
export async function routerAnswers(paths: NamespacePaths, signal: AbortSignal): Promise<boolean> {
  const config = join(paths.runtimeRouter, "skrouterd.json");
  if (!await access(config).then(() => true, () => false)) return false;
  for (const listener of listenersOf(await readRenderedAccesses(paths))) {
    const ca = await readRenderedCertificate(paths, listener.credentials, "ca.crt");
    if (ca !== undefined && await answers({ ...listener, ca, ...await clientOf(paths) }, signal)) {
      return true;
    }
  }
  return false;
}

interface Listener {
  host: string;
  port: number;
  credentials: string;
}

/** Where the router listens on this machine: for its own clients, if it does, else for links. */
function listenersOf(accesses: RouterAccess[]): Listener[] {
  const found = accesses.flatMap(({ metadata, spec }) =>
    (spec?.roles ?? []).map(({ name, port }) => ({
      role: name,
      host: spec?.bindHost || "127.0.0.1",
      port: port ?? 0,
      credentials: spec?.tlsCredentials || metadata.name,
    }))
  );
  const local = found.filter(({ role }) => role === localRole);
  return (local.length > 0 ? local : found).filter(({ port }) => port > 0);
}

/** With a certificate of its own, a router has no cause to complain in its log. */
async function clientOf(paths: NamespacePaths): Promise<{ cert?: string; key?: string }> {
  const cert = await readRenderedCertificate(paths, localClient, "tls.crt");
  const key = await readRenderedCertificate(paths, localClient, "tls.key");
  return cert === undefined || key === undefined ? {} : { cert, key };
}

/** Another namespace's router may have the port by now: its certificate is of another authority. */
async function answers(
  { host, port, ...certificates }: Omit<Listener, "credentials"> & { ca: string },
  signal: AbortSignal,
): Promise<boolean> {
  // the name that others know the listener by does not matter here
  const options = { ...certificates, checkServerIdentity: () => undefined };
  try {
    const socket = await within(
      answerLimitMs,
      () => new Error("late"),
      async (bounded) => secure(await openTcp(host, port, bounded), host, options, bounded),
      signal,
    );
    socket.destroy();
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
