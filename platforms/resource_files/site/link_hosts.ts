import { BlockList, isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { appError } from "../../../src/errors/app_error.ts";
import { lookUpAll } from "../../../src/network/connection.ts";
import { isSubdomain } from "../../../src/resources/names.ts";
import { within } from "../../../src/runtime/abortable.ts";

/** Where the addresses of a machine are learnt from. */
export interface HostSources {
  hostname(): string;
  /** The addresses of the network interfaces, in the system's order. */
  interfaceAddresses(): string[];
  /** The addresses a name stands for; none if it can't be resolved. */
  resolve(name: string): Promise<string[]>;
}

/** A name server that doesn't answer must not hold up the making of a site. */
const resolveLimitMs = 2000;

/** This machine. */
export const thisMachine: HostSources = {
  hostname,
  interfaceAddresses: () =>
    Object.values(networkInterfaces()).flatMap((addresses) =>
      (addresses ?? []).map(({ address }) => address)
    ),
  async resolve(name) {
    const late = () => new Error("late");
    const never = new AbortController().signal;
    return await within(resolveLimitMs, late, (bounded) => lookUpAll(name, bounded), never)
      .catch(() => []);
  },
};

/**
 * The hosts other machines can reach this one by, best first: its fully qualified name if that
 * stands for a routable address, then its routable addresses, IPv4 before IPv6. May be empty.
 */
export async function findLinkHosts(sources: HostSources): Promise<string[]> {
  const addresses = sources.interfaceAddresses().filter(isRoutable);
  const hosts = addresses.toSorted((a, b) => isIP(a) - isIP(b));
  const name = sources.hostname().toLowerCase();
  if (name.includes(".") && isIP(name) === 0 && isSubdomain(name)) {
    if ((await sources.resolve(name)).some(isRoutable)) hosts.unshift(name);
  }
  return [...new Set(hosts)];
}

/**
 * The host as it is stored, if a user may name it as one that links connect to: a name or an
 * address, loopback included. Throws `invalid-value` for anything else.
 */
export function checkLinkHost(host: string): string {
  const name = host.toLowerCase();
  const isAddress = isIP(name) !== 0 && !name.includes("%");
  const isName = isSubdomain(name) && !/^[\d.]+$/.test(name);
  if ((isAddress || isName) && isNameable(name)) return name;
  throw appError("invalid-value", {
    name: "--link-host",
    value: host,
    wanted: "a host name or an IP address that remote sites can reach",
  });
}

/** False for an address that means nothing to another machine, whoever names it. */
export function isNameable(host: string): boolean {
  return !isIn(nowhere, host);
}

/** True if the host is a name, or an address that another machine can reach. */
export function isReachable(host: string): boolean {
  return host !== "localhost" && !host.endsWith(".localhost") && isNameable(host) &&
    !isIn(loopback, host);
}

function isRoutable(address: string): boolean {
  return isIP(address) !== 0 && isReachable(address);
}

/** Unspecified, link-local and multicast addresses. */
const nowhere = new BlockList();
nowhere.addSubnet("0.0.0.0", 8, "ipv4");
nowhere.addSubnet("169.254.0.0", 16, "ipv4");
nowhere.addSubnet("224.0.0.0", 4, "ipv4");
nowhere.addAddress("::", "ipv6");
nowhere.addSubnet("fe80::", 10, "ipv6");
nowhere.addSubnet("ff00::", 8, "ipv6");

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isIn(list: BlockList, host: string): boolean {
  const address = host.split("%")[0]!;
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 4 ? "ipv4" : "ipv6");
}
