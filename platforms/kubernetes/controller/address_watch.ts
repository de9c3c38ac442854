import { isDeepStrictEqual } from "node:util";
import type { Address, Exposure } from "../../../src/platform/exposure.ts";
import type { ApiClient } from "../api/client.ts";
import { findPublicAddress } from "../public_address.ts";

/** How the grant service is exposed. */
export interface AddressWatchOptions {
  /** The namespace of the controller. It holds the objects that expose the service. */
  namespace: string;
  exposure: Exposure;
  /** The name to use in place of what the cluster says. */
  host: string | undefined;
  onProblem(problem: unknown): void;
}

/** How often the cluster is asked for the address, in milliseconds. */
const lookEveryMs = 5000;

/** Where the grant service is reached from outside, as the cluster said lately. */
export class AddressWatch {
  readonly #find: (signal: AbortSignal) => Promise<Address | undefined>;
  readonly #onProblem: (problem: unknown) => void;
  readonly #listeners = new Set<() => void>();
  #current: Address | undefined;

  constructor(api: ApiClient, { namespace, exposure, host, onProblem }: AddressWatchOptions) {
    this.#find = (signal) => findPublicAddress(api, namespace, exposure, host, signal);
    this.#onProblem = onProblem;
  }

  /** Undefined as long as the cluster has given none. */
  get current(): Address | undefined {
    return this.#current;
  }

  /** Follows what the cluster says until the signal aborts; resolves after the first look. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#look(signal);
    const looking = setInterval(() => this.#look(signal), lookEveryMs);
    signal.addEventListener("abort", () => clearInterval(looking), { once: true });
  }

  /** Calls `listener` when the address has changed, until the function it returns is called. */
  onMoved(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A look that fails leaves the address as it was. */
  async #look(signal: AbortSignal): Promise<void> {
    try {
      const found = await this.#find(signal);
      if (isDeepStrictEqual(found, this.#current)) return;
      this.#current = found;
      for (const listener of this.#listeners) listener();
    } catch (problem) {
      if (!signal.aborted) this.#onProblem(problem);
    }
  }
}
