import { isIPv6 } from "node:net";
import type { GrantServer, TlsIdentity } from "../grant_service/server.ts";
import {
  type IdentityStore,
  obtainServiceIdentity,
  type ServiceIdentity,
} from "../grant_service/service_identity.ts";
import type { Now } from "../runtime/clock.ts";
import type { ControllerNamespace } from "./home.ts";

/** Where the grants of a namespace are redeemed. */
export interface GrantAddress {
  /** `https://host:port`, without a path. */
  url: string;
  /** The certificate authority of the grant service, PEM. */
  ca: string;
}

/** Where the names that grants' urls bear come from. */
export interface HostChoice {
  /** The user's choice, for all namespaces. */
  fixed?: string | undefined;
  /** The name other machines reach this one by, if it has one. */
  ofMachine(): Promise<string | undefined>;
}

/** Names the grant service by the hosts its namespaces ask for, and has its certificate bear them. */
export class GrantAddresses {
  readonly #store: IdentityStore;
  readonly #choice: HostChoice;
  readonly #now: Now;
  readonly #hosts = new Set<string>();
  #identity: ServiceIdentity | undefined;
  #server: GrantServer | undefined;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(store: IdentityStore, choice: HostChoice, now: Now) {
    this.#store = store;
    this.#choice = choice;
    this.#now = now;
  }

  /** Has the certificate bear the host of a url that is out in tokens; before it listens. */
  keep(url: string): void {
    const host = URL.parse(url)?.hostname;
    if (host) this.#hosts.add(host.replace(/^\[|\]$/g, ""));
  }

  /** The identity to listen with. */
  async identity(): Promise<TlsIdentity> {
    await this.#change(await this.#usualHost());
    return this.#identity!;
  }

  /** The server that listens, from now on told of new identities. */
  attach(server: GrantServer): void {
    this.#server = server;
  }

  /** `https://host:port` as users see it where no namespace has a wish of its own. */
  async usual(): Promise<string> {
    return this.#url(await this.#usualHost());
  }

  /** Where the namespace's grants are redeemed; undefined while no host is known. */
  async of(
    namespace: ControllerNamespace,
    signal: AbortSignal,
  ): Promise<GrantAddress | undefined> {
    const host = this.#choice.fixed ?? await namespace.grantHost?.(signal) ??
      await this.#choice.ofMachine();
    if (host === undefined) return undefined;
    await this.#cover(host);
    return { url: this.#url(host), ca: this.#identity!.caPem };
  }

  /** Renews the identity if it is due; true if the authority that grants name is another one now. */
  async renew(): Promise<boolean> {
    const before = this.#identity?.caPem;
    if (this.#identity!.renewAt <= this.#now()) await this.#change();
    return this.#identity!.caPem !== before;
  }

  async #usualHost(): Promise<string> {
    return this.#choice.fixed ?? await this.#choice.ofMachine() ?? "localhost";
  }

  #url(host: string): string {
    return `https://${isIPv6(host) ? `[${host}]` : host}:${this.#server!.port}`;
  }

  async #cover(host: string): Promise<void> {
    if (!this.#hosts.has(host)) await this.#change(host);
  }

  /** One change after the other: each identity bears the hosts of all before it. */
  #change(host?: string): Promise<void> {
    const change = this.#changing.then(async () => {
      const hosts = new Set(this.#hosts);
      if (host !== undefined) hosts.add(host);
      const identity = await obtainServiceIdentity(this.#store, [...hosts], this.#now);
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
