import { allRedemptions, usesSpent } from "../../../src/grant_service/ledger/ledger.ts";
import type { LedgerStore } from "../../../src/grant_service/ledger/backing.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import type { AccessGrant } from "../../../src/resources/access_grant.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import type { UsableToken } from "../../../src/token/token_file.ts";
import type { Running } from "../../e2e/stage/harness.ts";
import type { HappeningNow } from "../history.ts";
import type { Lookout } from "./lookout.ts";

/** Where real histories happen: a machine, or a cluster, with two sites. */
export interface Ground {
  /** Where the grant service listens on loopback: several replicas of it have a port each. */
  ports(): readonly number[];
  /** The site that issues. */
  readonly west: Platform;
  /** The site that redeems. */
  readonly east: Platform;
  readonly grants: Lookout<"AccessGrant">;
  readonly tokens: Lookout<"AccessToken">;
  readonly ledgers: Pick<LedgerStore, "read">;
  /** Takes a grant away, once its history is judged. */
  forget(name: string, uid: string): Promise<void>;
  /** Begins to redeem a token at the site east, under another program if one is named. */
  redeem(text: string, wrapper: readonly string[]): Running;
  /** Does to the services what may befall them, until it is over. */
  trouble(isOver: () => boolean, note: (what: string) => void): Promise<void>;
  end(): Promise<void>;
}

/** A token to be redeemed, and the grant that it is of. */
export interface IssuedGrant {
  token: UsableToken;
  uid: string;
  expiresAt: number;
}

const { signal } = new AbortController();

/** Asks again where the other side was away; for what may be done twice. */
export async function insist<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await act(signal);
    } catch (error) {
      if (tries === 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Who waits longer than that is left alone until it is served, in milliseconds. */
const troubledMs = 40_000;

/** Waits as long as somebody is to be served who has been troubled for long. */
export async function leaveAlone(tokens: Lookout<"AccessToken">): Promise<void> {
  while (tokens.longestWaitMs > troubledMs) {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Makes a grant at west, and waits until it can be redeemed. */
export async function issueGrant(
  { west, grants }: Pick<Ground, "west" | "grants">,
  name: string,
  uses: number,
): Promise<IssuedGrant> {
  const spec = { redemptionsAllowed: uses, expirationWindow: "60m" };
  const grant: AccessGrant = { apiVersion, kind: "AccessGrant", metadata: { name }, spec };
  await insist((signal) => west.apply<"AccessGrant">(grant, signal));
  const found = await grants.find(name, ({ status }) => {
    const { url, code, ca, expirationTime } = status ?? {};
    return [url, code, ca, expirationTime].every((each) => each !== undefined);
  });
  if (found === undefined) throw new Error(`grant ${name} is not ready`);
  const { metadata: { uid }, status } = found;
  const { url, code, ca } = status!;
  return {
    token: {
      apiVersion,
      kind: "AccessToken",
      metadata: { name },
      spec: { url: url!, code: code!, ca: ca! },
    },
    uid: uid!,
    expiresAt: Date.parse(status!.expirationTime!),
  };
}

/** What is on record of a grant at the end; by `claimantOf`, whose each use is. */
export async function readFinal(
  { ledgers }: Pick<Ground, "ledgers">,
  grant: string,
  claimantOf: (use: { name: string; keyHash?: string }) => string = claimantOnRecord,
): Promise<Extract<HappeningNow, { what: "final" }>> {
  const ledger = (await insist(() => ledgers.read(grant)))?.ledger;
  const uses = ledger === undefined ? [] : allRedemptions(ledger);
  return {
    what: "final",
    grant,
    spent: ledger === undefined ? 0 : usesSpent(ledger),
    uses: uses.map((use) => ({
      serial: use.serial,
      claimant: claimantOf(use),
      at: Date.parse(use.at),
    })),
  };
}

/** What a client is known by. */
export function claimantOnRecord(use: { name: string; keyHash?: string }): string {
  return use.keyHash === undefined ? `name ${use.name}` : `key ${use.keyHash}`;
}
