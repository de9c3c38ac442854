import { appError } from "../errors/app_error.ts";
import { defaultLifetimeMs, type SigningRequest } from "../pki/authority.ts";
import type { Der } from "../pki/der.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import { parseDuration } from "../wait/duration.ts";
import { ClientSigners, type SignerOptions } from "./client_signers.ts";
import type { GrantBacking, GrantIssuer } from "./ledger/backing.ts";
import { writeLinkBundle } from "./link_bundle.ts";

/** The key in a grant's spec.settings that says how long its client certificates live. */
const lifetimeSetting = "certificate-lifetime";

/** Who the credentials are for. */
export interface CredentialRequest {
  name: string;
  subject: string;
  /** The client's own key; left out, one is made and goes into the answer. */
  publicKey?: Der | undefined;
  /** When they are made, or were made first, in milliseconds since 1970. */
  signedAt: number;
  /** The serial number they were given first. */
  serial?: string;
}

/** Credentials as they go to a client. */
export interface IssuedCredentials {
  /** The answer's body. */
  body: string;
  /** Of the certificate, hex. */
  serial: string;
}

/** Makes what redemptions give. */
export class CredentialMaker {
  readonly #lifetimeMs: number;
  readonly #signers: ClientSigners;

  /** `lifetimeMs`: of certificates whose grant names none. */
  constructor(
    { lifetimeMs = defaultLifetimeMs, ...options }: SignerOptions & {
      lifetimeMs?: number | undefined;
    } = {},
  ) {
    this.#lifetimeMs = lifetimeMs;
    this.#signers = new ClientSigners(options);
  }

  /**
   * Makes credentials for a link to the grant's site. Throws what the backing throws,
   * `site-issuer-missing` for an authority that can't sign, and `invalid-value` for a lifetime that
   * is none.
   */
  async make(
    grant: AccessGrant,
    backing: GrantBacking,
    request: CredentialRequest,
  ): Promise<IssuedCredentials> {
    const lifetimeMs = lifetimeOf(grant) ?? this.#lifetimeMs;
    const [issuer, endpoints] = await Promise.all([
      backing.issuer(grant),
      backing.endpoints(grant),
    ]);
    const made = request.publicKey === undefined ? await createKeyPair() : undefined;
    const { certificatePem, serial } = await this.#sign(issuer, {
      commonName: request.subject,
      publicKey: request.publicKey ?? made!.publicKey,
      lifetimeMs,
      now: request.signedAt,
      ...(request.serial === undefined ? {} : { serial: request.serial }),
    }).catch((cause: Error) => {
      const why = `cannot be used: ${cause.message}`;
      const name = grant.spec?.issuer || "of the site";
      const { namespace } = backing;
      throw appError("site-issuer-missing", { namespace, issuer: name, why }, { cause });
    });
    const body = writeLinkBundle({
      name: request.name,
      certificatePem,
      caPem: issuer.certificatePem + (issuer.listenerPem ?? ""),
      endpoints,
      ...(made === undefined ? {} : { privateKeyPem: made.privateKeyPem }),
    });
    return { body, serial };
  }

  /** The certificate and those that lead from it to the issuer's, PEM. */
  async #sign(
    issuer: GrantIssuer,
    request: SigningRequest,
  ): Promise<{ certificatePem: string; serial: string }> {
    const { authority, chainPem } = await this.#signers.of(issuer);
    const { certificatePem, serial } = await authority.signClient(request);
    return { certificatePem: certificatePem + chainPem, serial };
  }
}

/** Milliseconds; undefined if the grant names no lifetime. Throws `invalid-value`. */
function lifetimeOf(grant: AccessGrant): number | undefined {
  const text = grant.spec?.settings?.[lifetimeSetting];
  if (text === undefined) return undefined;
  const lifetimeMs = parseDuration(text);
  if (lifetimeMs !== undefined && lifetimeMs > 0) return lifetimeMs;
  throw appError("invalid-value", {
    name: `setting ${lifetimeSetting} of access grant ${grant.metadata.name}`,
    value: text,
    wanted: "a duration such as 720h",
  });
}
