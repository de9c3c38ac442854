import type { AccessGrant } from "../resources/access_grant.ts";
import type { Now } from "../runtime/clock.ts";
import type { GrantBacking } from "./backing.ts";

/** A grant by its names. */
export interface GrantReference {
  namespace: string;
  name: string;
  uid: string;
}

export interface GrantBookOptions {
  /** Lifetime of client certificates where the grant names none; 5 years by default, as upstream. */
  certificateLifetimeMs?: number;
  now?: Now;
  /** Told after a use was spent: the grant's status.redemptions is behind `usesSpent` now. */
  onChanged?(grant: GrantReference): void;
}

/** What a client asks for. */
export interface RedeemRequest {
  /** The grant's uid. */
  key: string;
  code: Uint8Array;
  /** Names the Secret and the Links; "": the grant's name. */
  name: string;
  /** Common name of the certificate; "": the name. */
  subject: string;
  /** PKCS#10 request in DER, where the client made its key. */
  csr?: Uint8Array;
  /** False once the client is gone; nothing is spent for it then. */
  isConnected?(): boolean;
}

/** Why nothing is given. All but `unknown` and `wrong-code` are told only to a holder of the code. */
export type Refusal = "unknown" | "wrong-code" | "expired" | "used-up" | "revoked" | "corrupted";

export interface Refused {
  outcome: "refused";
  reason: Refusal;
  grant?: GrantReference;
}

export interface Redeemed {
  outcome: "redeemed";
  grant: GrantReference;
  /** The YAML stream for the client. */
  body: string;
  name: string;
  subject: string;
  /** Of the certificate, hex. */
  serial: string;
  /** True if this redemption was recorded before: no use was spent now. */
  repeated: boolean;
  /** To be called once, when it is known whether the client has taken the answer. */
  settle(delivered: boolean): void;
}

/** A grant that can be redeemed. */
export interface Redeemable {
  outcome: "redeemable";
  grant: GrantReference;
  usesLeft: number;
  /** RFC 3339. */
  expires: string;
}

/** The grants of all namespaces a service serves: the only place where uses are counted. */
export class GrantBook {
  constructor(_options: GrantBookOptions = {}) {
  }

  /** Takes in a grant, or what has changed in it: it can be redeemed once its status has code and expirationTime. */
  upsert(_grant: AccessGrant, _backing: GrantBacking): Promise<void> {
    throw new Error("not built yet");
  }

  /**
   * Lets go of a grant that is gone from its platform; one that had not expired is marked as revoked
   * in its ledger. Unknown grants are none of an error. Throws `ledger-failed`; may be called again then.
   */
  remove(_namespace: string, _name: string): Promise<void> {
    throw new Error("not built yet");
  }

  /**
   * Redeems. Throws what the backing throws, and `ledger-failed`; neither costs a use.
   */
  redeem(_request: RedeemRequest): Promise<Redeemed | Refused> {
    throw new Error("not built yet");
  }

  /** Tells a holder of the code how the grant stands; spends nothing. */
  inspect(_key: string, _code: Uint8Array): Promise<Redeemable | Refused> {
    throw new Error("not built yet");
  }

  /** Uses of a grant spent so far, as its ledger says; undefined if the book has no such grant. */
  usesSpent(_uid: string): Promise<number | undefined> {
    throw new Error("not built yet");
  }

  /**
   * To be called for each namespace at start and every hour: removes ledgers whose grant expired over
   * a day ago, and recalls which grants were revoked.
   */
  sweep(_backing: GrantBacking): Promise<void> {
    throw new Error("not built yet");
  }

  /** Writes what is left to write; the book takes no more redemptions. */
  close(): Promise<void> {
    throw new Error("not built yet");
  }
}
