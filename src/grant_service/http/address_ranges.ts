import { BlockList, isIP } from "node:net";

/** Addresses and networks, as `192.0.2.1`, `10.0.0.0/8` or `2001:db8::/32` name them. */
export class AddressRanges {
  readonly #list = new BlockList();

  /** Throws TypeError for a text that names none; `isAddressRange` tells beforehand. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const found = parseRange(range);
      if (found === undefined) throw new TypeError(`${range} is no address and no network`);
      this.#list.addSubnet(found.address, found.prefix, found.family);
    }
  }

  contains(address: string): boolean {
    const family = familyOf(address);
    return family !== undefined && this.#list.check(address, family);
  }
}

/** True for an IP address, or a network as address and length of its prefix. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

function parseRange(text: string) {
  const [, address = "", digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = familyOf(address);
  if (family === undefined) return undefined;
  const most = family === "ipv4" ? 32 : 128;
  const prefix = digits === undefined ? most : Number(digits);
  return prefix <= most ? { address, prefix, family } : undefined;
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  const version = isIP(address);
  return version === 4 ? "ipv4" : version === 6 ? "ipv6" : undefined;
}
