import type { GrantBacking } from "../grant_service/ledger/backing.ts";
import type { Abilities, PendingKeys } from "../platform/abilities.ts";
import type { Platform } from "../platform/platform.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import type { AccessToken } from "../resources/access_token.ts";

/** What the controller needs of the place it serves: a data home, or a cluster. */
export interface ControllerHome {
  /**
   * Names what to look at: everything at once, then whatever changes (and everything again now and
   * then, so that nothing missed stays missed). Ends without error when the signal aborts.
   */
  changes(signal: AbortSignal): AsyncIterable<Change>;

  /** The namespaces there are now. */
  namespaces(signal: AbortSignal): Promise<string[]>;

  /** False while changes may be missed: a grant that was not heard of may be there. */
  isCurrent?(): boolean;

  /** One namespace of the home. Cheap: the controller asks each time. */
  open(namespace: string): Promise<ControllerNamespace>;
}

/** A resource to reconcile; `name` is a metadata.name. */
export interface Change {
  kind: "Site" | "AccessGrant" | "AccessToken";
  namespace: string;
  name: string;
  /** True if others counted a use and that is all: it can wait until they have counted more. */
  isCount?: boolean;
}

/** Names what changed: two changes of one resource have the same key. */
export function changeKey({ kind, namespace, name }: Change): string {
  return `${kind}/${namespace}/${name}`;
}

/** One namespace as the controller works on it. */
export interface ControllerNamespace {
  readonly platform: Platform;
  readonly backing: GrantBacking;
  readonly pendingKeys: PendingKeys;
  /** Gives links to the router that runs, where that takes them. */
  readonly liveLinks?: NonNullable<Abilities["liveLinks"]>;
  /**
   * Makes what the Site of that name needs, where that is ours to make and a file alone describes
   * it; true if something was made.
   */
  foundSite?(name: string, signal: AbortSignal): Promise<boolean>;
  /** Takes a finished AccessToken out of the way of whatever else reads the namespace. */
  retireToken?(name: string, signal: AbortSignal): Promise<void>;
  /** Host the grants' urls should name for this namespace's site, if it has a wish. */
  grantHost?(signal: AbortSignal): Promise<string | undefined>;
  /** Other hosts that lead to the grant service, which tokens may name instead. */
  otherHosts?(signal: AbortSignal): Promise<string[]>;
  /** Who looks after the grant, where other controllers may; `address` is this one's. */
  claimGrant?(grant: AccessGrant, address: GrantAddress): Claim;
  /** Who redeems the token, where other controllers may. */
  claimToken?(token: AccessToken, signal: AbortSignal): Promise<Claim>;
  /** What keeps links from being made with a grant although its site is there. */
  whyNotLinkable?(grant: AccessGrant): Promise<string | undefined>;
}

/** Whose a resource is to look after; a time is when to ask again, since that is not clear yet. */
export type Claim = "ours" | "theirs" | { againInMs: number };

/** Where the grants of a namespace are redeemed. */
export interface GrantAddress {
  /** `https://host:port`, without a path; undefined while no host is known. */
  url: string | undefined;
  /** The certificate authority of the grant service, PEM. */
  ca: string;
}
