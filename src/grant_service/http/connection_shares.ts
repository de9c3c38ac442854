import { clientRegion } from "../wrong_code_limit.ts";

/**
 * Connections that share a bounded room, by the networks of their clients, and by the regions that
 * those are in: who has many addresses has most of them side by side.
 */
export class ConnectionShares<T> {
  readonly #networkOf = new Map<T, string>();
  /** Those of each network, in the order they came; by region. */
  readonly #ofRegion = new Map<string, Map<string, Set<T>>>();
  readonly #regionSizes = new Map<string, number>();

  get size(): number {
    return this.#networkOf.size;
  }

  /** All of them, in the order they came. */
  [Symbol.iterator](): Iterator<T> {
    return this.#networkOf.keys();
  }

  add(connection: T, network: string): void {
    const region = clientRegion(network);
    this.#networkOf.set(connection, network);
    this.#regionSizes.set(region, this.#sizeOfRegion(region) + 1);
    let networks = this.#ofRegion.get(region);
    if (networks === undefined) this.#ofRegion.set(region, networks = new Map());
    const others = networks.get(network);
    if (others === undefined) networks.set(network, new Set([connection]));
    else others.add(connection);
  }

  delete(connection: T): void {
    const network = this.#networkOf.get(connection);
    if (network === undefined) return;
    this.#networkOf.delete(connection);
    const region = clientRegion(network);
    const networks = this.#ofRegion.get(region)!;
    const others = networks.get(network)!;
    others.delete(connection);
    if (others.size === 0) networks.delete(network);
    const left = this.#sizeOfRegion(region) - 1;
    if (left > 0) return void this.#regionSizes.set(region, left);
    this.#regionSizes.delete(region);
    this.#ofRegion.delete(region);
  }

  has(connection: T): boolean {
    return this.#networkOf.has(connection);
  }

  /**
   * Who is to go for one more: of those that may, the oldest of the network that has the most, in
   * the region that has the most. So who floods the service cuts what is theirs. Undefined if none
   * may.
   */
  findDispensable(mayGo?: (connection: T) => boolean): T | undefined {
    let most = 0;
    let oldest: T | undefined;
    for (const [region, networks] of this.#ofRegion) {
      if (this.#sizeOfRegion(region) <= most) continue;
      let count = 0;
      let mostOfNetwork = 0;
      let found: T | undefined;
      for (const connections of networks.values()) {
        // a flood has thousands of them, and is cut thousands of times a second
        const dispensable = mayGo === undefined ? connections : [...connections].filter(mayGo);
        const size = dispensable instanceof Set ? dispensable.size : dispensable.length;
        count += size;
        if (size <= mostOfNetwork) continue;
        mostOfNetwork = size;
        [found] = dispensable;
      }
      if (count <= most) continue;
      most = count;
      oldest = found;
    }
    return oldest;
  }

  /** The oldest of the region, and then the network, that has the least of `room`. */
  findNext(room: ConnectionShares<unknown>): T | undefined {
    const [, networks] = leastOf(this.#ofRegion, (region) => room.#sizeOfRegion(region)) ?? [];
    if (networks === undefined) return undefined;
    const [, connections] = leastOf(networks, (network) => room.#sizeOfNetwork(network))!;
    const [oldest] = connections;
    return oldest;
  }

  #sizeOfNetwork(network: string): number {
    return this.#ofRegion.get(clientRegion(network))?.get(network)?.size ?? 0;
  }

  #sizeOfRegion(region: string): number {
    return this.#regionSizes.get(region) ?? 0;
  }
}

/** The first entry whose key comes first in that order. */
function leastOf<V>(entries: Map<string, V>, order: (key: string) => number) {
  let least = Infinity;
  let found: [string, V] | undefined;
  for (const entry of entries) {
    const place = order(entry[0]);
    if (place >= least) continue;
    least = place;
    found = entry;
  }
  return found;
}
