import { type Now, steadyNow } from "../runtime/clock.ts";
import { type Authority, loadAuthority } from "../pki/authority.ts";
import { whyNoIssuing } from "../pki/issuing_right.ts";
import { openIssuing } from "./issuing_authority.ts";
import type { GrantIssuer } from "./ledger/backing.ts";

/** What signs clients. */
export interface ClientSigner {
  authority: Authority;
  /** The certificates between the client's and the one that routers trust, as PEM. */
  chainPem: string;
}

/** Where the time comes from, and where problems go. */
export interface SignerOptions {
  /** Milliseconds since 1970. */
  now?: Now | undefined;
  /** Milliseconds by a clock that nobody sets. */
  steady?: Now | undefined;
  /** Told what keeps an issuing authority from being had; the authority above it signs then. */
  onProblem?: ((problem: unknown) => void) | undefined;
}

/** How many signers are kept loaded. */
const maxSigners = 1000;

/**
 * How long one is used before it is looked at what is stored, in milliseconds: who takes the stored
 * key away has a new one made that soon.
 */
const freshMs = 60_000;

/** Keeps the authorities loaded that sign clients: issuing ones, where there may be some. */
export class ClientSigners {
  readonly #now: Now;
  readonly #steady: Now;
  readonly #onProblem: (problem: unknown) => void;
  readonly #signers = new Map<string, { until: number; signer: Promise<ClientSigner> }>();

  constructor({ now = Date.now, steady = steadyNow, onProblem = () => {} }: SignerOptions = {}) {
    this.#now = now;
    this.#steady = steady;
    this.#onProblem = onProblem;
  }

  /** Throws an Error that says what is wrong with the authority. */
  async of(issuer: GrantIssuer): Promise<ClientSigner> {
    const key = issuer.certificatePem + issuer.privateKeyPem;
    const known = this.#signers.get(key);
    if (known !== undefined && this.#steady() < known.until) return await known.signer;
    const signer = this.#open(issuer);
    if (this.#signers.size >= maxSigners) this.#signers.clear();
    this.#signers.set(key, { until: this.#steady() + freshMs, signer });
    try {
      return await signer;
    } catch (error) {
      this.#signers.delete(key);
      throw error;
    }
  }

  async #open(issuer: GrantIssuer): Promise<ClientSigner> {
    const { certificatePem, privateKeyPem, issuing } = issuer;
    const authority = await loadAuthority(certificatePem, privateKeyPem);
    if (issuing === undefined || whyNoIssuing(certificatePem) !== undefined) {
      return { authority, chainPem: "" };
    }
    try {
      const below = await openIssuing(authority, issuing, this.#now);
      return { authority: below, chainPem: below.certificatePem };
    } catch (problem) {
      // what can't be stored or read now keeps nobody from redeeming
      this.#onProblem(problem);
      return { authority, chainPem: "" };
    }
  }
}
