import type { Platform } from "../../../src/platform/platform.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";

/** How often it looks, and how long anybody waits, in milliseconds. */
const lookEveryMs = 200;
const patienceMs = 300_000;

interface Awaited<K extends Kind> {
  name: string;
  holds(resource: ResourceOf<K>): boolean;
  resolve(resource: ResourceOf<K> | undefined): void;
  until: number;
}

/** Looks at all resources of a kind for everybody who waits for one: many are seen at one look. */
export class Lookout<K extends Kind> {
  readonly #platform: Platform;
  readonly #kind: K;
  readonly #awaited = new Set<Awaited<K>>();
  readonly #signal: AbortSignal = new AbortController().signal;
  #isLooking = false;

  constructor(platform: Platform, kind: K) {
    this.#platform = platform;
    this.#kind = kind;
  }

  /** The resource once that holds; undefined if it does not within five minutes. */
  find(
    name: string,
    holds: (resource: ResourceOf<K>) => boolean,
  ): Promise<ResourceOf<K> | undefined> {
    return new Promise((resolve) => {
      this.#awaited.add({ name, holds, resolve, until: performance.now() + patienceMs });
      if (!this.#isLooking) void this.#look();
    });
  }

  /** How long somebody has waited at most, in milliseconds. */
  get longestWaitMs(): number {
    const [first] = this.#awaited;
    return first === undefined ? 0 : performance.now() - (first.until - patienceMs);
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    while (this.#awaited.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
      // a server that is away is asked again
      const found = await this.#platform.list(this.#kind, this.#signal).catch(() => []);
      const byName = new Map(found.map((each) => [each.metadata.name, each]));
      for (const one of this.#awaited) {
        const resource = byName.get(one.name);
        const isThere = resource !== undefined && one.holds(resource);
        if (!isThere && performance.now() < one.until) continue;
        this.#awaited.delete(one);
        one.resolve(isThere ? resource : undefined);
      }
    }
    this.#isLooking = false;
  }
}
