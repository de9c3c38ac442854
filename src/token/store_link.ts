import { Buffer } from "node:buffer";
import { AppError, appError, isAppError } from "../errors/app_error.ts";
import type { Platform } from "../platform/platform.ts";
import { redeemedToken } from "../resources/access_token.ts";
import type { Kind, Resource } from "../resources/kinds.ts";
import type { Link } from "../resources/link.ts";
import { ownedBy } from "../resources/owner.ts";
import { apiVersion } from "../resources/resource.ts";
import { type Secret, tlsSecretType } from "../resources/secret.ts";
import type { Site } from "../resources/site.ts";
import type { ReceivedLinks } from "./answer.ts";
import { firstLinkNames } from "./link_names.ts";
import { isMadeFrom } from "./token_mark.ts";

/** What the Secret and Links of a redemption have in common. */
export interface LinkStorage {
  platform: Platform;
  /** The site that is linked. Everything stored belongs to it, and to no other. */
  site: Site;
  /** Of the Secret, and of the first Link or their stem. */
  name: string;
  /** The mark of the token. What is stored is recognised by it. */
  mark: string;
  cost: number | undefined;
}

/** More than an honest answer takes on the disk, in bytes: a Secret of up to 8 KiB and 16 Links. */
const roomBytes = 24 * 1024;

/**
 * Sees, without a trace, whether a Secret and a Link could be stored now: whatever of that can be
 * known is known before a use is spent. Throws what `storeLink` would.
 */
export async function rehearseLink(storage: LinkStorage, signal: AbortSignal): Promise<void> {
  const { name } = storage;
  const filling = "x".repeat(roomBytes / 4);
  const credentials = { ca: filling, certificate: filling, privateKey: filling };
  const endpoints = [{ name: "inter-router", host: "127.0.0.1", port: "55671" }];
  for (const resource of resourcesOf(storage, { credentials, links: [{ name, endpoints }] })) {
    await put(storage, resource, signal, true);
  }
}

/**
 * Stores the Secret before the Links that need it, and the first Link last. Overwrites nothing but
 * what the same token gave. Throws `site-gone`, and leaves nothing then; and what the platform
 * throws.
 */
export async function storeLink(
  storage: LinkStorage,
  bundle: ReceivedLinks,
  signal: AbortSignal,
): Promise<void> {
  const resources = resourcesOf(storage, bundle);
  try {
    for (const resource of resources) await put(storage, resource, signal, false);
  } catch (error) {
    // where that can't be done there is a garbage collector, which does it too
    if (isAppError(error, "site-gone")) await takeBack(storage, resources, signal).catch(() => {});
    throw error;
  }
}

/**
 * Stores once more, unchanged, the Secret and first Link that another process stored: then a power
 * cut leaves them too. Throws what the platform throws.
 */
export async function confirmLink(
  { platform, name }: Pick<LinkStorage, "platform" | "name">,
  signal: AbortSignal,
): Promise<void> {
  const links = firstLinkNames(name).map((link) => ["Link", link] as const);
  for (const [kind, found] of [["Secret", name] as const, ...links]) {
    const stored = await platform.get<Kind>(kind, found, signal);
    if (stored !== undefined) await platform.apply<Kind>(stored, signal);
  }
}

/**
 * A failure to store what a use was spent for, as that; the end of the wait, another one's doing
 * and a lost site as they are.
 */
export function describeUnstored(error: unknown, token: string, isOurKey: boolean): unknown {
  const isTelling = isAppError(
    error,
    "site-gone",
    "conflict",
    "timed-out",
    "interrupted",
    "terminated",
  );
  if (isTelling || !(error instanceof AppError)) return error;
  return appError("token-not-stored", { token, why: error.message, isOurKey }, { cause: error });
}

function resourcesOf(
  { site, name, mark, cost }: LinkStorage,
  { credentials, links }: ReceivedLinks,
): (Secret | Link)[] {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const made = { annotations: { [redeemedToken]: mark }, ...ownedBy(site) };
  const secret: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, ...made },
    type: tlsSecretType,
    data: {
      "ca.crt": encode(credentials.ca),
      "tls.crt": encode(credentials.certificate),
      "tls.key": encode(credentials.privateKey),
    },
  };
  const firstLast = links.toReversed().map((link): Link => ({
    apiVersion,
    kind: "Link",
    metadata: { name: link.name, ...made },
    spec: {
      endpoints: link.endpoints,
      tlsCredentials: name,
      ...(cost === undefined ? {} : { cost }),
    },
  }));
  return [secret, ...firstLast];
}

async function put(
  { platform, mark }: LinkStorage,
  resource: Secret | Link,
  signal: AbortSignal,
  dryRun: boolean,
): Promise<void> {
  const { kind, metadata } = resource;
  const write = (resourceVersion: string) =>
    platform.apply<Kind>({ ...resource, metadata: { ...metadata, resourceVersion } }, signal, {
      dryRun,
    });
  try {
    await write("");
  } catch (error) {
    if (!isAppError(error, "conflict")) throw error;
    const there = await platform.get<Kind>(kind, metadata.name, signal) as Resource | undefined;
    if (!isMadeFrom(there, mark)) throw error;
    await write(there!.metadata.resourceVersion!);
  }
}

/**
 * Removes what was stored for a site that is gone; on a cluster its garbage collector would too.
 */
async function takeBack(
  { platform, mark }: LinkStorage,
  resources: (Secret | Link)[],
  signal: AbortSignal,
): Promise<void> {
  for (const { kind, metadata: { name } } of resources.toReversed()) {
    const found = await platform.get<Kind>(kind, name, signal) as Resource | undefined;
    if (!isMadeFrom(found, mark)) continue;
    await platform.remove(kind, name, signal, { uid: found!.metadata.uid });
  }
}
