import { isDeepStrictEqual } from "node:util";
import { authorityNames, certificatesIn, namesHost } from "../pki/certificate.ts";
import { findAuthority } from "../pki/server_chain.ts";
import type { CertificateStatus } from "../platform/certificate_status.ts";
import {
  type BroughtTexts,
  type CertificatePlace,
  type CertificateTerms,
  judgeBrought,
  sayFault,
  unusable,
  type UsableCertificate,
  whyEnding,
} from "./brought_certificate.ts";
import { createServerContext, type TlsIdentity } from "./http/grant_server.ts";
import type { IdentitySource } from "./identity_source.ts";

/** The identity of a service whose certificate a user brings, and renews in its place. */
export class BroughtIdentity implements IdentitySource {
  readonly #place: CertificatePlace;
  readonly #terms: CertificateTerms;
  /** What was read for the certificate that is served. */
  #texts: BroughtTexts;
  #served: UsableCertificate;
  /** The hosts that tokens were given. */
  readonly #named = new Set<string>();
  /** Why what was found last is not served. */
  #fault: string | undefined;
  /** What was found wrong once: it may be half of a change that is under way. */
  #suspicion: string | undefined;
  #notice: string | undefined;

  private constructor(
    place: CertificatePlace,
    terms: CertificateTerms,
    [texts, served]: [BroughtTexts, UsableCertificate],
  ) {
    this.#place = place;
    this.#terms = terms;
    this.#texts = texts;
    this.#served = served;
  }

  /** Throws what the place throws, and as `judgeBrought` does. */
  static async open(place: CertificatePlace, terms: CertificateTerms): Promise<BroughtIdentity> {
    const texts = await place.read();
    return new BroughtIdentity(place, terms, [texts, judge(texts, place, terms)]);
  }

  /** The certificate as it is in its place now; as long as that is no good, the one of before. */
  async obtain(): Promise<TlsIdentity> {
    try {
      const texts = await this.#place.read();
      if (!isDeepStrictEqual(texts, this.#texts)) {
        const found = judge(texts, this.#place, this.#terms);
        this.#notice = this.#whatIsRefused(found) ?? this.#notice;
        this.#texts = texts;
        this.#served = found;
      }
      this.#fault = this.#suspicion = undefined;
    } catch (error) {
      const fault = sayFault(error);
      if (this.#suspicion === fault) this.#fault = fault;
      this.#suspicion = fault;
    }
    return identityOf(this.#served);
  }

  hostFor(wanted: string | undefined): string {
    const { facts, host } = this.#served;
    const chosen = wanted !== undefined && namesHost(facts, wanted) ? wanted : host;
    this.#named.add(chosen);
    return chosen;
  }

  get status(): CertificateStatus {
    const { facts, caPem } = this.#served;
    const ending = whyEnding(this.#served, this.#terms.readings()[0]!);
    const fault = this.#fault && `what is there now is not served: ${this.#fault}`;
    const problem = [fault, ending && `of the one that is served: ${ending}`]
      .filter((each) => each !== undefined).join("; ");
    return {
      place: this.#place.name,
      names: [...facts.dnsNames, ...facts.ipAddresses],
      notAfter: facts.notAfter.toISOString(),
      pins: authorityNames(caPem),
      ...(problem === "" ? {} : { problem }),
      ...(this.#notice === undefined ? {} : { notice: this.#notice }),
    };
  }

  /** Which tokens the next certificate makes useless. */
  #whatIsRefused(next: UsableCertificate): string | undefined {
    const { caPem } = this.#served;
    const hosts = [...this.#named].filter((host) => !namesHost(next.facts, host));
    const isPinned = caPem === "" || findAuthority(next, certificatesIn(caPem)) !== undefined;
    const reasons = [
      ...(isPinned ? [] : [`pin ${authorityNames(caPem).join(", ")}, which has not signed it`]),
      ...(hosts.length === 0 ? [] : [`name ${hosts.join(", ")}, which it does not`]),
    ];
    if (reasons.length === 0) return undefined;
    const time = new Date(this.#terms.readings()[0]!).toISOString();
    return `tokens issued before ${time} ${reasons.join(", and ")}: ` +
      "issue them anew from the same grants (token issue --grant)";
  }
}

function judge(
  texts: BroughtTexts,
  place: CertificatePlace,
  terms: CertificateTerms,
): UsableCertificate {
  const found = judgeBrought(texts, place, terms);
  try {
    createServerContext(identityOf(found));
  } catch (error) {
    throw unusable(place.name, `TLS can't serve it: ${(error as Error).message}`);
  }
  return found;
}

function identityOf({ certificates, privateKeyPem, caPem }: UsableCertificate): TlsIdentity {
  return { certificatePem: certificates.join(""), privateKeyPem, caPem };
}
