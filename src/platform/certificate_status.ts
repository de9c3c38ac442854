/** How it stands with a certificate that a user brings. */
export interface CertificateStatus {
  /** Where it is kept. */
  place: string;
  /** The hosts that the served one names. */
  names: string[];
  /** When the served one ends, RFC 3339. */
  notAfter: string;
  /** Names of the authorities that tokens pin; none: redeemers trust it by their system. */
  pins: string[];
  /** Why what is there now is not served, or that what is served ends. */
  problem?: string;
  /** Which tokens that were issued before are refused now. */
  notice?: string;
}
