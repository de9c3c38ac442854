import { Buffer } from "node:buffer";
import { isAppError } from "../../../src/errors/app_error.ts";
import type { Claim } from "../../../src/controller/home.ts";
import { createKeyPair } from "../../../src/pki/key_pair.ts";
import type { PendingKeys } from "../../../src/platform/abilities.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { type AccessToken, isFinished } from "../../../src/resources/access_token.ts";
import { ownedBy } from "../../../src/resources/owner.ts";
import { type Secret, secretText } from "../../../src/resources/secret.ts";
import type { Site } from "../../../src/resources/site.ts";
import { type Now, steadyNow } from "../../../src/runtime/clock.ts";
import { markToken } from "../../../src/token/token_mark.ts";
import { managedLabels } from "./managed_labels.ts";

/** The field of the Secret's data that holds the key. */
const field = "key.pem";

/** Annotations of the Secret: the replica that redeems the token, and how often it was claimed. */
const annotations = { by: "hawser/claimed-by", count: "hawser/claims" } as const;

/**
 * How long a replica leaves the token to another one since it saw that claim, in milliseconds. No
 * clock tells the one what the other's says: a claim counts from when it is seen, and that is never
 * before it was made.
 */
const claimMs = 25_000;

/**
 * A claim that took longer to be made is made again: what is left of it must be enough for a try.
 */
const claimedWithinMs = 10_000;

/** How many claims of others are remembered: of more, the first to be seen count anew. */
const maxSeen = 10_000;

/**
 * Keys of redemptions under way, as Secrets that go once neither their AccessToken nor the Site is
 * there: a token that is taken away and put in again goes on with the use it may have been given.
 * Each also says which replica redeems the token: upstream's grant service takes each request for a
 * new redemption, so two must never ask at once.
 */
export class PendingKeySecrets implements PendingKeys {
  readonly #store: Platform;
  readonly #tokens: Pick<Platform, "get">;
  readonly #sites: () => Site[];
  readonly #replica: string;
  readonly #steady: Now;
  /** Others' claims by redemption, and when they were seen first. */
  readonly #seen = new Map<string, { version: string | undefined; at: number }>();
  /** As this replica wrote them, by redemption. */
  readonly #claimed = new Map<string, Secret>();

  /**
   * `store` is the namespace's, `tokens` gives AccessTokens as the cluster has them now, `sites`
   * its Sites, and `replica` is the name of this one among several.
   */
  constructor(
    store: Platform,
    tokens: Pick<Platform, "get">,
    sites: () => Site[],
    replica: string,
    steady: Now = steadyNow,
  ) {
    this.#store = store;
    this.#tokens = tokens;
    this.#sites = sites;
    this.#replica = replica;
    this.#steady = steady;
  }

  /**
   * Whether this replica redeems the token now; makes the redemption's key if it is the first to.
   */
  async claim(token: AccessToken, signal: AbortSignal): Promise<Claim> {
    const { spec } = token;
    if (spec === undefined) return "theirs"; // the API server lets none through
    const redemption = markToken({ ...token, spec });
    const name = nameOf(redemption);
    let lost: Secret | undefined;
    for (;;) {
      const startedAt = this.#steady();
      const claimed = this.#claimed.get(redemption);
      const found = claimed ?? await this.#store.get("Secret", name, signal);
      const leftMs = this.#leftToOthers(redemption, found);
      if (leftMs > 0) return { againInMs: leftMs };
      try {
        const secret = this.#sign(found ?? lost ?? await makeSecret(name), token);
        this.#claimed.set(redemption, await this.#store.apply<"Secret">(secret, signal));
        this.#seen.delete(redemption);
        if (await this.#isOver(token, signal)) {
          // one that was there is kept for the same token, put in again
          if (found !== undefined) this.#claimed.delete(redemption);
          else await this.forget(redemption, signal);
          return "theirs";
        }
        if (this.#steady() - startedAt <= claimedWithinMs) return "ours";
      } catch (error) {
        this.#claimed.delete(redemption);
        // whoever has removed the Secret has not undone what the key was given
        lost ??= claimed && { ...claimed, metadata: { ...claimed.metadata, resourceVersion: "" } };
        if (!isAppError(error, "conflict")) throw error;
      }
    }
  }

  /** The key of a redemption that this replica has claimed. */
  obtain(redemption: string): Promise<string> {
    const secret = this.#claimed.get(redemption);
    const key = secret && secretText(secret, field);
    if (key === undefined) throw new Error("the redemption was not claimed");
    return Promise.resolve(key);
  }

  async forget(redemption: string, signal: AbortSignal): Promise<void> {
    if (!this.#claimed.delete(redemption)) return;
    await this.#store.remove("Secret", nameOf(redemption), signal);
  }

  /**
   * Whether the token that was just claimed is finished, by a replica whose news of it are still on
   * the way here, maybe this one: upstream's service would count another request. Who finished it
   * may have removed its key, so a new one is looked at as well as one that was there: this replica
   * may have made it before, and not have heard that it was stored. Or whether the token is gone,
   * and maybe another one has its name.
   */
  async #isOver({ metadata: { name, uid } }: AccessToken, signal: AbortSignal): Promise<boolean> {
    const now = await this.#tokens.get("AccessToken", name, signal);
    return now === undefined || now.metadata.uid !== uid || isFinished(now);
  }

  /** How long another replica has the token, in milliseconds. */
  #leftToOthers(redemption: string, secret: Secret | undefined): number {
    const by = secret?.metadata.annotations?.[annotations.by];
    if (by === undefined || by === this.#replica) return 0;
    const version = secret?.metadata.resourceVersion;
    let seen = this.#seen.get(redemption);
    if (seen?.version !== version || seen === undefined) {
      seen = { version, at: this.#steady() };
      this.#seen.delete(redemption);
      this.#seen.set(redemption, seen);
      if (this.#seen.size > maxSeen) this.#seen.delete(this.#seen.keys().next().value!);
    }
    return Math.max(0, seen.at + claimMs - this.#steady());
  }

  /** Each claim changes the Secret: it shows that this replica is still there. */
  #sign(secret: Secret, { apiVersion, kind, metadata: { name, uid } }: AccessToken): Secret {
    const count = Number(secret.metadata.annotations?.[annotations.count] ?? 0) + 1;
    const claim = { [annotations.by]: this.#replica, [annotations.count]: String(count) };
    const { metadata } = secret;
    const sites = this.#sites().flatMap((site) => ownedBy(site).ownerReferences);
    return {
      ...secret,
      metadata: {
        ...metadata,
        annotations: { ...metadata.annotations, ...claim },
        ownerReferences: [{ apiVersion, kind, name, uid }, ...sites],
      },
    };
  }
}

async function makeSecret(name: string): Promise<Secret> {
  const { privateKeyPem } = await createKeyPair();
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      labels: managedLabels,
      resourceVersion: "",
    },
    type: "hawser/pending-key",
    data: { [field]: Buffer.from(privateKeyPem).toString("base64") },
  };
}

function nameOf(redemption: string): string {
  return `hawser-pending-${redemption}`;
}
