import { readFile } from "node:fs/promises";
import { appError, isAppError } from "../../../src/errors/app_error.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { type Link, linkCost } from "../../../src/resources/link.ts";
import { isSubdomain } from "../../../src/resources/names.ts";
import { type Connector, dropConnector, setConnector } from "../../../src/router/connectors.ts";
import { attributeText } from "../../../src/router/entity.ts";
import type { LiveChange, LiveLinks } from "../../../src/router/live_change.ts";
import type { RouterManagement } from "../../../src/router/management.ts";
import type { NamespacePaths } from "../paths.ts";
import type { LocalRouter } from "./local_router.ts";
import { routerConfigFile } from "./management_address.ts";
import { placeProfile, profileAttributes, removeProfile } from "./profile_files.ts";
import { reloadSystem } from "./reload.ts";

/** What links are changed with in a router that runs. */
export interface LiveSources {
  paths: NamespacePaths;
  router: LocalRouter;
  /** Does something as the only one in the namespace, with its store. */
  whileHeld<T>(signal: AbortSignal, work: (platform: Platform) => Promise<T>): Promise<T>;
  env: Record<string, string | undefined>;
  /** Names the running program, which may be called as upstream's. */
  executable: string[];
}

/** Why the router did not get a change: it has to be reloaded. */
class NotLive extends Error {}

/**
 * Changes links in the router that runs, as upstream's next reload would: same names, same files.
 * The input has said it before, so that whatever goes wrong here is mended by a reload.
 */
export function liveLinks({ paths, router, whileHeld, env, executable }: LiveSources): LiveLinks {
  return {
    apply: (name, signal) =>
      change(
        signal,
        (management, platform, bounded) => applyLink(paths, management, platform, name, bounded),
      ),
    drop: (name, signal) =>
      change(signal, async (management, platform, bounded) => {
        if (await platform.get("Link", name, bounded) !== undefined) {
          throw new NotLive("there is a link of that name again");
        }
        const profile = await dropConnector(management, name, bounded);
        const isOurs = profile !== undefined && !(await readConfig(paths)).includes(profile);
        if (isOurs) await removeProfile(paths, profile);
        return !(await isRendered(paths, name));
      }),
    reload: (signal) => reloadSystem(router, env, executable, signal),
  };

  async function change(
    signal: AbortSignal,
    work: (
      management: RouterManagement,
      platform: Platform,
      signal: AbortSignal,
    ) => Promise<boolean>,
  ): Promise<LiveChange> {
    const command = await router.command();
    try {
      const lasts = await whileHeld(
        signal,
        (platform) =>
          router.change((management, bounded) => work(management, platform, bounded), signal),
      );
      return lasts ? { done: true } : { done: true, until: command };
    } catch (error) {
      if (signal.aborted) throw error;
      if (isAppError(error, "router-not-running")) return { done: false, running: false, command };
      if (!(error instanceof NotLive) && !isAppError(error)) throw error;
      return { done: false, running: true, why: error.message, command };
    }
  }
}

/** True if a restart of the router changes nothing of the link. */
async function applyLink(
  paths: NamespacePaths,
  management: RouterManagement,
  platform: Platform,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const link = await platform.get("Link", name, signal);
  if (link === undefined) throw new NotLive("the link is gone again");
  const [self] = await management.query("router", signal);
  const connector = connectorOf(link, attributeText(self ?? {}, "mode") === "edge");
  await provideProfile(paths, management, platform, link, connector.sslProfile, signal);
  await setConnector(management, connector, signal);
  return await isRendered(paths, name, connector);
}

async function provideProfile(
  paths: NamespacePaths,
  management: RouterManagement,
  platform: Platform,
  link: Link,
  profile: string,
  signal: AbortSignal,
): Promise<void> {
  const name = link.spec?.tlsCredentials ?? "";
  const secret = await platform.get("Secret", name, signal);
  if (secret === undefined) {
    throw appError("resource-not-found", {
      kind: "Secret",
      name,
      namespace: paths.namespace,
      list: "get secrets",
    });
  }
  const known = await management.query("sslProfile", signal);
  const attributes = profileAttributes(profile, known);
  if (attributes === undefined) {
    throw new NotLive("it is not known where the router finds certificates");
  }
  if (!await placeProfile(paths, profile, secret)) {
    throw new NotLive(`the router has other credentials as ${profile}`);
  }
  if (known.some((entity) => attributeText(entity, "name") === profile)) return;
  await management.create("sslProfile", profile, attributes, signal);
}

/** True if the configuration that the router starts with has the link: as it is now, if given. */
async function isRendered(
  paths: NamespacePaths,
  name: string,
  connector?: Connector,
): Promise<boolean> {
  const entities: unknown = parse(await readConfig(paths));
  if (!Array.isArray(entities)) return false;
  const found = entities.find((entity) =>
    Array.isArray(entity) && entity[0] === "connector" && entity[1]?.name === name
  )?.[1];
  if (found === undefined || connector === undefined) return found !== undefined;
  return Object.entries(connector).every(([key, value]) => found[key] === value);
}

function readConfig(paths: NamespacePaths): Promise<string> {
  return readFile(routerConfigFile(paths), "utf8").catch(() => "");
}

/** The link as upstream gives it to a router (docs/spec/skupper-system-sites.md 1.4). */
function connectorOf(link: Link, isEdge: boolean): Connector {
  const { metadata, spec } = link;
  const role = isEdge ? "edge" : "inter-router";
  const endpoint = spec?.endpoints.find(({ name }) => name === role);
  if (endpoint?.host === undefined || endpoint.port === undefined) {
    throw new NotLive(`the link has no endpoint for a router of role ${role}`);
  }
  const credentials = spec?.tlsCredentials ?? "";
  if (!isSubdomain(credentials)) throw new NotLive("the name of its credentials is none");
  const { host, port } = endpoint;
  return {
    name: metadata.name,
    role,
    host,
    port,
    cost: linkCost(link),
    sslProfile: `${credentials}-profile`,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // upstream may be writing it
  }
}
