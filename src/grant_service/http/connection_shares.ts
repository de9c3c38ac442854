/** Connections that share a bounded room, by the networks of their clients. */
export class ConnectionShares<T> {
  readonly #networkOf = new Map<T, string>();
  /** Those of each network, in the order they came. */
  readonly #ofNetwork = new Map<string, Set<T>>();

  get size(): number {
    return this.#networkOf.size;
  }

  /** All of them, in the order they came. */
  [Symbol.iterator](): Iterator<T> {
    return this.#networkOf.keys();
  }

  add(connection: T, network: string): void {
    this.#networkOf.set(connection, network);
    const others = this.#ofNetwork.get(network);
    if (others === undefined) this.#ofNetwork.set(network, new Set([connection]));
    else others.add(connection);
  }

  delete(connection: T): void {
    const network = this.#networkOf.get(connection);
    if (network === undefined) return;
    this.#networkOf.delete(connection);
    const others = this.#ofNetwork.get(network)!;
    others.delete(connection);
    if (others.size === 0) this.#ofNetwork.delete(network);
  }

  has(connection: T): boolean {
    return this.#networkOf.has(connection);
  }

  /** How many there are of a network. */
  sizeOf(network: string): number {
    return this.#ofNetwork.get(network)?.size ?? 0;
  }

  /**
   * Who is to go for one more: of those that may, the oldest of the network that has the most. So
   * who floods the service cuts what is theirs. Undefined if none may.
   */
  findDispensable(mayGo?: (connection: T) => boolean): T | undefined {
    let most = 0;
    let oldest: T | undefined;
    for (const connections of this.#ofNetwork.values()) {
      if (connections.size <= most) continue;
      const dispensable = mayGo === undefined ? connections : [...connections].filter(mayGo);
      const count = dispensable instanceof Set ? dispensable.size : dispensable.length;
      if (count <= most) continue;
      most = count;
      [oldest] = dispensable;
    }
    return oldest;
  }

  /** The oldest of the network for which `order` gives the least; undefined if there is none. */
  findNext(order: (network: string) => number): T | undefined {
    let least = Infinity;
    let next: T | undefined;
    for (const [network, connections] of this.#ofNetwork) {
      const place = order(network);
      if (place >= least) continue;
      least = place;
      [next] = connections;
    }
    return next;
  }
}
