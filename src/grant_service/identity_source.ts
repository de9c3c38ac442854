import type { TlsIdentity } from "./http/grant_server.ts";

/** Where the grant service has its identity from. */
export interface IdentitySource {
  /**
   * The identity for clients that reach the service by `hosts` (names and addresses), looked at
   * anew each time: it may have been renewed.
   */
  obtain(hosts: readonly string[]): Promise<TlsIdentity>;
  /**
   * The host that tokens are to name where `wanted` is what they would name: itself, if the
   * certificate is good for it. Undefined: the certificate is made for any host that is wanted.
   */
  hostFor?(wanted: string | undefined): string;
}
