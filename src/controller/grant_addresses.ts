import type { GrantServer, TlsIdentity } from "../grant_service/http/grant_server.ts";
import {
  type IdentityStore,
  obtainServiceIdentity,
  type ServiceIdentity,
} from "../grant_service/service_identity.ts";
import { hostAndPort } from "../resources/resource.ts";
import type { ControllerNamespace, GrantAddress } from "./home.ts";

/** Where the names that grants' urls bear come from. */
export interface HostChoice {
  /** The user's choice, for all namespaces. */
  fixed?: string | undefined;
  /**
   * The hosts that others reach this service by, where neither the user nor the namespace names
   * any; undefined if unknown.
   */
  ofMachine(): Promise<UrlPlace | undefined>;
}

/** A host and port in a url. Without a port it is the one that is listened on. */
export interface UrlPlace {
  host: string;
  port?: number;
}

/**
 * Names the grant service by the hosts its namespaces ask for, and has its certificate bear them.
 */
export class GrantAddresses {
  readonly #store: IdentityStore;
  readonly #choice: HostChoice;
  readonly #readings: () => readonly number[];
  readonly #hosts = new Set<string>();
  #identity: ServiceIdentity | undefined;
  #server: GrantServer | undefined;
  #changing: Promise<unknown> = Promise.resolve();

  /** `readings` are what the clocks at hand say, in milliseconds since 1970. */
  constructor(store: IdentityStore, choice: HostChoice, readings: () => readonly number[]) {
    this.#store = store;
    this.#choice = choice;
    this.#readings = readings;
  }

  /** Has the certificate bear the host of a url that is out in tokens; before it listens. */
  keep(url: string): void {
    const host = URL.parse(url)?.hostname;
    if (host) this.#hosts.add(host.replace(/^\[|\]$/g, ""));
  }

  /** The identity to listen with. */
  async identity(): Promise<TlsIdentity> {
    await this.#change((await this.#usualPlace()).host);
    return this.#identity!;
  }

  /** The server that listens. From now on it gets new identities. */
  attach(server: GrantServer): void {
    this.#server = server;
  }

  /**
   * `https://host:port` as users see it where no namespace has a wish of its own; once it listens.
   */
  async usual(): Promise<string> {
    return this.#url(await this.#usualPlace())!;
  }

  /** Where the namespace's grants are redeemed. */
  async of(namespace: ControllerNamespace, signal: AbortSignal): Promise<GrantAddress> {
    const host = this.#choice.fixed ?? await namespace.grantHost?.(signal);
    const place = host === undefined ? await this.#choice.ofMachine() : { host };
    if (place !== undefined) await this.#cover(place.host);
    for (const other of await namespace.otherHosts?.(signal) ?? []) await this.#cover(other);
    return { url: place && this.#url(place), ca: this.#identity!.caPem };
  }

  /**
   * Renews the identity if it is due, or takes the one that another service with the same store has
   * made. True if the authority that grants name has changed.
   */
  async renew(): Promise<boolean> {
    const before = this.#identity?.caPem;
    await this.#change();
    return this.#identity!.caPem !== before;
  }

  async #usualPlace(): Promise<UrlPlace> {
    const { fixed } = this.#choice;
    return fixed === undefined
      ? await this.#choice.ofMachine() ?? { host: "localhost" }
      : { host: fixed };
  }

  /** Undefined as long as the port is not known. */
  #url({ host, port = this.#server?.port }: UrlPlace): string | undefined {
    return port === undefined ? undefined : `https://${hostAndPort(host, port)}`;
  }

  async #cover(host: string): Promise<void> {
    if (!this.#hosts.has(host)) await this.#change(host);
  }

  /** One change after the other: each identity bears the hosts of all before it. */
  #change(host?: string): Promise<void> {
    const change = this.#changing.then(async () => {
      const hosts = new Set(this.#hosts);
      if (host !== undefined) hosts.add(host);
      const identity = await obtainServiceIdentity(this.#store, [...hosts], this.#readings);
      if (identity.certificatePem !== this.#identity?.certificatePem) {
        this.#server?.replaceIdentity(identity);
      }
      this.#identity = identity;
      if (host !== undefined) this.#hosts.add(host);
    });
    this.#changing = change.catch(() => {});
    return change;
  }
}
