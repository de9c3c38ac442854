import type { Now } from "../runtime/clock.ts";
import type { TlsIdentity } from "./server.ts";

/** Where the identity is kept: two texts with private keys in them, each stored whole or not at all. */
export interface IdentityStore {
  read(name: "authority.pem" | "server.pem"): Promise<string | undefined>;
  write(name: "authority.pem" | "server.pem", text: string): Promise<void>;
}

/** An identity and when to ask for the next one. */
export interface ServiceIdentity extends TlsIdentity {
  /** Milliseconds since 1970. */
  renewAt: number;
}

/**
 * The identity of a service that clients reach by `hosts` (names and addresses): the stored one, or
 * a new one where there is none, it lacks a host or it is due. The authority stays as long as it can.
 */
export function obtainServiceIdentity(
  _store: IdentityStore,
  _hosts: readonly string[],
  _now: Now = Date.now,
): Promise<ServiceIdentity> {
  throw new Error("not built yet");
}
