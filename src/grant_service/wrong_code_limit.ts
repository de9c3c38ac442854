import type { Now } from "../runtime/clock.ts";

/** Wrong codes that are taken at once, and how long it takes until one more is, in milliseconds. */
interface Allowance {
  count: number;
  refillMs: number;
}

/** How many addresses or grants are watched; the ones longest quiet are forgotten first. */
const maxWatched = 10_000;

/** Counts the wrong codes of addresses, or of grants, and says which have sent too many. */
export class WrongCodeLimit {
  readonly #allowance: Allowance;
  readonly #now: Now;
  /** When each would have its whole allowance again, in milliseconds since 1970. */
  readonly #restoredAt = new Map<string, number>();

  constructor(allowance: Allowance, now: Now = Date.now) {
    this.#allowance = allowance;
    this.#now = now;
  }

  /** Counts one wrong code. */
  count(key: string): void {
    const restoredAt = Math.max(this.#restoredAt.get(key) ?? 0, this.#now());
    // put anew, so that the map is in the order of the last wrong codes
    this.#restoredAt.delete(key);
    this.#restoredAt.set(key, restoredAt + this.#allowance.refillMs);
    if (this.#restoredAt.size <= maxWatched) return;
    for (const oldest of this.#restoredAt.keys()) {
      this.#restoredAt.delete(oldest);
      break;
    }
  }

  /** Seconds until one more is taken; undefined if that is now. */
  waitSeconds(key: string): number | undefined {
    const { count, refillMs } = this.#allowance;
    const spentMs = (this.#restoredAt.get(key) ?? 0) - this.#now();
    const excessMs = spentMs - (count - 1) * refillMs;
    return excessMs <= 0 ? undefined : Math.ceil(excessMs / 1000);
  }
}

/** The part of an address that one client can't change at will: of IPv6, the network (RFC 6177). */
export function clientNetwork(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const before = head.split(":").filter((group) => group !== "");
  const after = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = new Array(Math.max(0, 8 - before.length - after.length)).fill("0");
  return [...before, ...(tail === undefined ? [] : zeros), ...after].slice(0, 4).join(":");
}

/** What a network as `clientNetwork` has it is in: a /16 of IPv4, a /32 of IPv6. */
export function clientRegion(network: string): string {
  const isIpv6 = network.includes(":");
  return network.split(isIpv6 ? ":" : ".").slice(0, 2).join(isIpv6 ? ":" : ".");
}
