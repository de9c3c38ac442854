import type { GrantServer, TlsIdentity } from "../grant_service/http/grant_server.ts";
import type { IdentitySource } from "../grant_service/identity_source.ts";
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
  /** True where the port that others see is known only with the host. */
  isAddressGiven?: boolean;
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
  readonly #source: IdentitySource;
  readonly #choice: HostChoice;
  readonly #hosts = new Set<string>();
  #identity: TlsIdentity | undefined;
  #server: GrantServer | undefined;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(source: IdentitySource, choice: HostChoice) {
    this.#source = source;
    this.#choice = choice;
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
    const place = await this.#named(host === undefined ? undefined : { host });
    if (place !== undefined) await this.#cover(place.host);
    for (const other of await namespace.otherHosts?.(signal) ?? []) await this.#cover(other);
    return { url: place && this.#url(place), ca: this.#identity!.caPem };
  }

  /**
   * Renews the identity if it is due, or takes the one that another service with the same store, or
   * the user, has made. True if what grants name may have changed.
   */
  async renew(): Promise<boolean> {
    const before = this.#identity;
    await this.#change();
    const { caPem, certificatePem } = this.#identity!;
    return caPem !== before?.caPem || certificatePem !== before.certificatePem;
  }

  async #usualPlace(): Promise<UrlPlace> {
    const { fixed } = this.#choice;
    return await this.#named(fixed === undefined ? undefined : { host: fixed }) ??
      { host: "localhost" };
  }

  /** The wanted place, or else the machine's, by a host that the certificate is good for. */
  async #named(wanted: UrlPlace | undefined): Promise<UrlPlace | undefined> {
    const { ofMachine, isAddressGiven } = this.#choice;
    const place = wanted ?? await ofMachine();
    const host = this.#source.hostFor?.(place?.host);
    if (host === undefined || place === undefined && isAddressGiven) return place;
    return { ...place, host };
  }

  /** Undefined as long as the port is not known. */
  #url({ host, port = this.#server?.port }: UrlPlace): string | undefined {
    return port === undefined ? undefined : `https://${hostAndPort(host, port)}`;
  }

  async #cover(host: string): Promise<void> {
    // one that a user brings is good for the hosts that it names, whatever is wanted
    if (this.#source.hostFor === undefined && !this.#hosts.has(host)) await this.#change(host);
  }

  /** One change after the other: each identity bears the hosts of all before it. */
  #change(host?: string): Promise<void> {
    const change = this.#changing.then(async () => {
      const hosts = new Set(this.#hosts);
      if (host !== undefined) hosts.add(host);
      const identity = await this.#source.obtain([...hosts]);
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
