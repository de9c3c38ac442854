import { Buffer } from "node:buffer";
import { isAppError } from "../../../src/errors/app_error.ts";
import type { Claim } from "../../../src/controller/home.ts";
import { createKeyPair } from "../../../src/pki/key_pair.ts";
import type { PendingKeys } from "../../../src/platform/abilities.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import type { AccessToken } from "../../../src/resources/access_token.ts";
import { type Secret, secretText } from "../../../src/resources/secret.ts";
import type { Now } from "../../../src/runtime/clock.ts";
import { markToken } from "../../../src/token/token_mark.ts";
import { managedLabels } from "./managed_labels.ts";

/** The field of the Secret's data that holds the key. */
const field = "key.pem";

/**
 * Annotations of the Secret: the replica that redeems the token, and until when the others leave
 * it.
 */
const annotations = { by: "hawser/claimed-by", until: "hawser/claimed-until" } as const;

/**
 * Longer than one try takes, so that a replica that is gone costs no more than this (milliseconds).
 */
const claimMs = 25_000;

/**
 * Keys of redemptions under way, as Secrets that go with their AccessTokens. Each also says which
 * replica redeems the token: upstream's grant service takes each request for a new redemption, so
 * two must never ask at once.
 */
export class PendingKeySecrets implements PendingKeys {
  readonly #store: Platform;
  readonly #replica: string;
  readonly #now: Now;
  /** As this replica wrote them, by redemption. */
  readonly #claimed = new Map<string, Secret>();

  /** `store` is the namespace's, `replica` the name of this one among several. */
  constructor(store: Platform, replica: string, now: Now = Date.now) {
    this.#store = store;
    this.#replica = replica;
    this.#now = now;
  }

  /**
   * Whether this replica redeems the token now; makes the redemption's key if it is the first to.
   */
  async claim(token: AccessToken, signal: AbortSignal): Promise<Claim> {
    const { spec } = token;
    if (spec === undefined) return "theirs"; // the API server lets none through
    const redemption = markToken({ ...token, spec });
    for (;;) {
      const name = nameOf(redemption);
      const found = this.#claimed.get(redemption) ?? await this.#store.get("Secret", name, signal);
      const leftMs = this.#leftToOthers(found);
      if (leftMs > 0) return { againInMs: leftMs };
      try {
        const secret = this.#sign(found ?? await makeSecret(name, token));
        this.#claimed.set(redemption, await this.#store.apply<"Secret">(secret, signal));
        return "ours";
      } catch (error) {
        this.#claimed.delete(redemption);
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
   * How long another replica has the token, in milliseconds; a clock that is ahead can't keep it
   * for ever.
   */
  #leftToOthers(secret: Secret | undefined): number {
    const { [annotations.by]: by, [annotations.until]: until = "" } =
      secret?.metadata.annotations ?? {};
    if (by === undefined || by === this.#replica) return 0;
    const leftMs = Date.parse(until) - this.#now();
    return leftMs > 0 ? Math.min(leftMs, claimMs) : 0;
  }

  #sign(secret: Secret): Secret {
    const until = new Date(this.#now() + claimMs).toISOString();
    const claim = { [annotations.by]: this.#replica, [annotations.until]: until };
    const { metadata } = secret;
    return {
      ...secret,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...claim } },
    };
  }
}

async function makeSecret(name: string, token: AccessToken): Promise<Secret> {
  const { apiVersion, kind, metadata } = token;
  const { privateKeyPem } = await createKeyPair();
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      labels: managedLabels,
      ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }],
      resourceVersion: "",
    },
    type: "hawser/pending-key",
    data: { [field]: Buffer.from(privateKeyPem).toString("base64") },
  };
}

function nameOf(redemption: string): string {
  return `hawser-pending-${redemption}`;
}
