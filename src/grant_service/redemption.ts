/** A grant by its names. */
export interface GrantReference {
  namespace: string;
  name: string;
  uid: string;
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
  /** False once the client is gone: nothing is spent for it then. */
  isConnected?(): boolean;
  /** Told while the request waits for news: until that is taken back it may be cut. */
  setAside?(isSetAside: boolean): void;
}

/** A question how a grant stands, by one who has its code or claims to. */
export type ProbeRequest = Omit<RedeemRequest, "name" | "subject" | "csr">;

/**
 * Why nothing is given. `unknown` covers every grant that a wrong code was sent for, unless it
 * could be redeemed with the right one; the rest is told only to a holder of the code. `unready`
 * passes: the grant's status lacks code or expiry, or a service has not heard of them yet.
 */
export type Refusal =
  | "unknown"
  | "wrong-code"
  | "expired"
  | "used-up"
  | "revoked"
  | "corrupted"
  | "unready"
  | "damaged"
  | "csr-invalid"
  | "client-gone";

export interface Refused {
  outcome: "refused";
  reason: Refusal;
  /** What is wrong with the request, where something is. */
  detail?: string;
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
