import { Buffer } from "node:buffer";
import { type AppError, appError, isAppError } from "../errors/app_error.ts";
import { createKeyPair, importPrivateKey } from "../pki/key_pair.ts";
import { createRequest } from "../pki/request.ts";
import type { PendingKeys } from "../platform/abilities.ts";
import type { Platform } from "../platform/platform.ts";
import { type AccessToken, redeemedToken } from "../resources/access_token.ts";
import type { Kind, Resource } from "../resources/kinds.ts";
import type { Link } from "../resources/link.ts";
import { apiVersion, isReady } from "../resources/resource.ts";
import { type Secret, tlsSecretType } from "../resources/secret.ts";
import type { Site } from "../resources/site.ts";
import type { Now } from "../runtime/clock.ts";
import type { Deadline } from "../wait/deadline.ts";
import { readAnswer, type ReceivedLinks } from "./answer.ts";
import type { RedeemSurroundings } from "./exchange.ts";
import { probeToken, requestRedemption } from "./redeem_client.ts";
import { checkToken, type UsableToken } from "./token_file.ts";
import { isMadeFrom, markToken } from "./token_mark.ts";

export interface RedeemOptions {
  deadline: Deadline;
  /** Keeps our key through a crash, so that a retry is the same redemption. */
  pendingKeys: PendingKeys;
  /** Where HTTPS_PROXY and NO_PROXY are read from. */
  env: Record<string, string | undefined>;
  /** Wins over the token's own. */
  linkCost?: number;
  /** Makes the Site the owner of what is stored: it goes when the Site goes. */
  linksBelongToSite?: boolean;
  now?: Now;
}

/** What a redemption made. */
export interface RedeemedToken {
  /** The token's name. */
  token: string;
  site: string;
  secret: string;
  links: string[];
}

/** Refusals after which no retry of this redemption can succeed: its key has become useless. */
const finalRefusals = [
  "token-refused",
  "token-expired",
  "token-used-up",
  "token-revoked",
] as const;

/**
 * Redeems a token at its grant service and stores the Secret and Links it gives, on a platform where
 * this program itself does that. Nothing is overwritten and no use is spent where that would be in
 * vain; run again after any failure it goes on with the same redemption. Throws `site-missing`,
 * `token-own`, `already-redeemed`, `name-taken`, `token-file-invalid`, and what `requestRedemption` and
 * `readAnswer` do.
 */
export async function redeemToken(
  platform: Platform,
  token: AccessToken,
  options: RedeemOptions,
  progress: (text: string) => void,
): Promise<RedeemedToken> {
  const usable = checkToken(token, `AccessToken ${token.metadata.name}`);
  const { deadline, pendingKeys, env, now = Date.now } = options;
  const { signal } = deadline;
  const surroundings = { env, now };
  const site = await requireSite(platform, usable, surroundings, signal);
  await refuseRepetition(platform, usable, signal);
  await refuseOwn(platform, usable, signal);

  const mark = markToken(usable);
  progress(`Redeeming token "${usable.metadata.name}"...`);
  const privateKeyPem = await pendingKeys.obtain(mark, makeKey, signal);
  try {
    // whoever redeemed it meanwhile forgot the key only after everything was stored
    await refuseRepetition(platform, usable, signal);
    const subject = site.metadata.uid ?? site.metadata.name.slice(0, 64);
    const csr = await createRequest(await importPrivateKey(privateKeyPem), subject);
    const body = await requestRedemption(usable, { subject, csr }, deadline, surroundings);
    const { name } = usable.metadata;
    const bundle = readAnswer(body, { url: usable.spec.url, name, privateKeyPem, now: now() });
    const cost = options.linkCost ?? usable.spec.linkCost;
    const metadata = {
      annotations: { [redeemedToken]: mark },
      ...(options.linksBelongToSite ? { ownerReferences: [ownerReference(site)] } : {}),
    };
    await store(platform, name, bundle, metadata, cost, signal);
    await pendingKeys.forget(mark, signal);
    return {
      token: name,
      site: site.metadata.name,
      secret: name,
      links: bundle.links.map((link) => link.name),
    };
  } catch (error) {
    // a service that has lost sight of the grant may find it again, and the use given to this key
    if (isAppError(error, ...finalRefusals, "already-redeemed")) {
      await pendingKeys.forget(mark, signal);
    }
    throw error;
  }
}

/** The site that is to be linked. That a token is spent is worth more to know than that there is none. */
async function requireSite(
  platform: Platform,
  token: UsableToken,
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<Site> {
  const { namespace } = platform;
  let missing: AppError = appError("site-missing", { namespace, purpose: "redeem a token" });
  try {
    const sites = await platform.list("Site", signal);
    const site = sites.find(isReady) ?? sites[0];
    if (site !== undefined) return site;
  } catch (error) {
    if (!isAppError(error, "namespace-not-found")) throw error;
    missing = error;
  }
  try {
    await probeToken(token, surroundings, signal);
  } catch (error) {
    if (isAppError(error, ...finalRefusals, "token-unknown", "token-closed")) throw error;
  }
  throw missing;
}

/** Throws `already-redeemed` if the token was redeemed here, `name-taken` if something else has its name. */
async function refuseRepetition(
  platform: Platform,
  token: UsableToken,
  signal: AbortSignal,
): Promise<void> {
  const { name } = token.metadata;
  const { namespace } = platform;
  const mark = markToken(token);
  const secret = await platform.get("Secret", name, signal);
  const link = await platform.get("Link", name, signal);
  for (const found of [secret, link]) {
    if (found === undefined || isMadeFrom(found, mark)) continue;
    throw appError("name-taken", { kind: found.kind, name, namespace });
  }
  if (secret === undefined) return;
  // the first Link is stored last: where it is, all is
  const first = link ?? await platform.get("Link", `${name}-1`, signal);
  if (isMadeFrom(first, mark)) {
    throw appError("already-redeemed", { token: name, namespace });
  }
}

/** What makes a resource go with its site (metav1.OwnerReference). */
function ownerReference({ kind, metadata }: Site): object {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid };
}

/** Throws `token-own` if a grant of this namespace made the token: a link to itself would burn a use. */
export async function refuseOwn(
  platform: Platform,
  token: UsableToken,
  signal: AbortSignal,
): Promise<void> {
  const grants = await platform.list("AccessGrant", signal);
  if (!grants.some((grant) => grant.status?.url === token.spec.url)) return;
  const { namespace } = platform;
  throw appError("token-own", { token: token.metadata.name, namespace });
}

async function makeKey(): Promise<string> {
  return (await createKeyPair()).privateKeyPem;
}

/** Stores the Secret before the Links that need it, and the first Link last. */
async function store(
  platform: Platform,
  name: string,
  { credentials, links }: ReceivedLinks,
  made: { annotations: { [redeemedToken]: string } },
  cost: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const mark = made.annotations[redeemedToken];
  const encode = (text: string) => Buffer.from(text).toString("base64");
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
  await storeOurs(platform, secret, mark, signal);
  for (const link of links.toReversed()) {
    const resource: Link = {
      apiVersion,
      kind: "Link",
      metadata: { name: link.name, ...made },
      spec: {
        endpoints: link.endpoints,
        tlsCredentials: name,
        ...(cost === undefined ? {} : { cost }),
      },
    };
    await storeOurs(platform, resource, mark, signal);
  }
}

/** Stores what this token gave, over nothing but what the same token gave. */
async function storeOurs(
  platform: Platform,
  resource: Secret | Link,
  mark: string,
  signal: AbortSignal,
): Promise<void> {
  const { kind, metadata } = resource;
  const write = (resourceVersion: string) =>
    platform.apply<Kind>({ ...resource, metadata: { ...metadata, resourceVersion } }, signal);
  try {
    await write("");
  } catch (error) {
    if (!isAppError(error, "conflict")) throw error;
    const there = await platform.get<Kind>(kind, metadata.name, signal) as Resource | undefined;
    if (!isMadeFrom(there, mark)) throw error;
    await write(there!.metadata.resourceVersion!);
  }
}
