import type { AccessGrant } from "../../resources/access_grant.ts";
import type { Endpoint } from "../../resources/resource.ts";
import type { Ledger } from "./ledger.ts";

/**
 * What the grant service needs of the place it runs in, for one namespace. Each platform's
 * controller supplies it; the service itself knows no platform.
 */
export interface GrantBacking {
  readonly namespace: string;
  readonly ledgers: LedgerStore;

  /**
   * The certificate authority that signs for the grant: spec.issuer, else the site's. PEM; the key
   * may be PKCS#1, SEC1 or PKCS#8. Throws `site-issuer-missing`, `site-missing` or `site-edge`.
   */
  issuer(grant: AccessGrant): Promise<GrantIssuer>;

  /**
   * The addresses a link to the grant's site connects to: names `inter-router` and `edge` only,
   * hosts that can be reached. Throws `no-endpoints` when there are none.
   */
  endpoints(grant: AccessGrant): Promise<Endpoint[]>;
}

/** The authority that signs for a grant. */
export interface GrantIssuer {
  certificatePem: string;
  privateKeyPem: string;
  /** The authorities, PEM, beside it that sign what the site's listeners show. */
  listenerPem?: string;
  /** Where the one below it is kept that signs in its place; without it, it signs itself. */
  issuing?: IssuingStore | undefined;
}

/** Where an issuing authority is kept, secret and the same for all who share the ledgers. */
export interface IssuingStore {
  /** What is stored, with the version that a write must name; undefined if there is nothing. */
  read(): Promise<{ text: string; version: string } | undefined>;

  /** Stores it whole, or not at all; throws `conflict` if what is stored has another version. */
  write(text: string, version: string | undefined): Promise<void>;
}

/** A ledger as stored, with the version a write must name. */
export interface StoredLedger {
  ledger: Ledger;
  version: string;
}

/** Where ledgers are kept: the book of record, one per grant uid. */
export interface LedgerStore {
  /** The stored ledger, or undefined if the grant has none yet. */
  read(grantUid: string): Promise<StoredLedger | undefined>;

  /**
   * Stores the whole ledger durably (it survives `kill -9` and power loss once this resolves) and
   * returns its version; its redemptions are not changed afterwards, only replaced. `version` is
   * the one read, undefined for "none yet"; throws `conflict` if the stored one is another.
   */
  write(ledger: Ledger, version: string | undefined): Promise<string>;

  /**
   * A ledger as it was read or written, with so much of it closed that a write of it is small,
   * however many redemptions came before; the same where nothing is to be done, or can't be. What
   * is closed is stored once this resolves, and counts once a ledger that names it is written.
   */
  close?(ledger: Ledger): Promise<Ledger>;

  /** Removes it; absent is not an error. */
  remove(grantUid: string): Promise<void>;

  /** The grant uids that have a ledger, apart from ledgers that end with their grant. */
  list(): Promise<string[]>;
}
