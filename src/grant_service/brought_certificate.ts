import { type AppError, appError, isAppError } from "../errors/app_error.ts";
import { certificatesIn, namesHost, readCertificate } from "../pki/certificate.ts";
import {
  findAuthority,
  firstHost,
  isRoot,
  pathUp,
  readServerChain,
  type ServerChain,
} from "../pki/server_chain.ts";

/** What a user brings of a certificate, as texts that hold PEM. */
export interface BroughtTexts {
  certificate: string;
  privateKey: string;
  /** The authorities that tokens are to pin, where the user names them. */
  authorities?: string;
}

/** Where a user keeps the certificate of the grant service. */
export interface CertificatePlace {
  /** What it is called in errors: a file's path, or a Secret's name. */
  readonly name: string;
  /** What authorities are called in errors, where the user names them. */
  readonly authoritiesName?: string;
  /** What is there now. Throws an AppError that names what can't be read or taken. */
  read(): Promise<BroughtTexts>;
}

/** How a user's certificate is to be judged and pinned. */
export interface CertificateTerms {
  /** The host that tokens name by the user's will. */
  host: string | undefined;
  /** True: tokens pin no authority, as redeemers' systems trust the one that there is. */
  pinsNone: boolean;
  /** What the clocks at hand say, in milliseconds since 1970. */
  readings(): readonly number[];
  /** The authorities that this system trusts: PEM texts of one or many. */
  systemAuthorities(): string[];
}

/** A certificate that can be served, and what goes into tokens with it. */
export interface UsableCertificate extends ServerChain {
  /** The authorities that tokens pin, PEM; empty: none. */
  caPem: string;
  /** The host that tokens name where nothing else is wanted. */
  host: string;
}

/**
 * Judges the certificate that a user brings, and chooses what tokens pin: the authorities the user
 * names; none, if so chosen; else the root that came with the certificate, the system's authority
 * that signed it, or the last certificate of its chain. Throws `certificate-unusable` for one that
 * no redeemer would take, and `not-readable` of the system's authorities.
 */
export function judgeBrought(
  texts: BroughtTexts,
  place: Pick<CertificatePlace, "name" | "authoritiesName">,
  terms: CertificateTerms,
): UsableCertificate {
  const refuse = (why: string, hint?: string) => unusable(place.name, why, hint);
  let chain: ServerChain;
  try {
    chain = readServerChain(texts.certificate, texts.privateKey);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const outOfTime = whyOutOfTime(chain, terms.readings());
  if (outOfTime !== undefined) {
    const clock = new Date(terms.readings()[0]!).toISOString();
    throw refuse(outOfTime, `This machine's clock says ${clock}.`);
  }
  return { ...chain, caPem: choosePinned(chain, texts, place, terms), host: chooseHost() };

  function chooseHost(): string {
    const { facts } = chain;
    const { host } = terms;
    const names = [...facts.dnsNames, ...facts.ipAddresses].join(", ");
    if (host !== undefined) {
      if (namesHost(facts, host)) return host;
      throw refuse(`it does not name the host ${host} that tokens are to name, but ${names}`);
    }
    const found = firstHost(chain);
    if (found !== undefined) return found;
    const hint = "Say with --grant-host which host tokens are to name.";
    throw refuse(`it names no single host, but ${names}`, hint);
  }
}

/** How much of its life a certificate may have left before that is a problem. */
const lastPart = 1 / 10;

/** Why a certificate that is served will soon be no good, or is no more; undefined if it is. */
export function whyEnding(
  { facts: { notBefore, notAfter } }: ServerChain,
  now: number,
): string | undefined {
  const leftMs = notAfter.getTime() - now;
  if (leftMs <= 0) return `it expired at ${notAfter.toISOString()}, and was not renewed`;
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  return leftMs < lifeMs * lastPart
    ? `it ends at ${notAfter.toISOString()}, and is not renewed yet`
    : undefined;
}

/** Of clocks that differ each must say that it is out of time: any of them may be wrong. */
function whyOutOfTime(
  chain: ServerChain,
  readings: readonly number[],
): string | undefined {
  // what is above those two may have another way up, of which the redeemer knows
  for (const each of pathUp(chain).slice(0, 2)) {
    const { subject, notBefore, notAfter } = readCertificate(each);
    const which = each === chain.certificates[0]
      ? "it"
      : `the certificate of its signer ${subject}`;
    if (Math.min(...readings) > notAfter.getTime()) {
      return `${which} expired at ${notAfter.toISOString()}`;
    }
    if (Math.max(...readings) < notBefore.getTime()) {
      return `${which} is not valid before ${notBefore.toISOString()}`;
    }
  }
  return undefined;
}

function choosePinned(
  chain: ServerChain,
  { authorities }: BroughtTexts,
  place: Pick<CertificatePlace, "name" | "authoritiesName">,
  { pinsNone, systemAuthorities }: CertificateTerms,
): string {
  if (pinsNone) return "";
  if (authorities === undefined) {
    const path = pathUp(chain);
    const top = path.at(-1)!;
    if (isRoot(top)) return top;
    const found = findAuthority(chain, systemAuthorities().flatMap(certificatesIn));
    if (found !== undefined) return found;
    if (path.length > 1) return top;
    throw unusable(
      place.name,
      `the certificate of its signer "${chain.facts.issuer}" is missing`,
      "Name the whole chain (fullchain.pem), or what tokens are to pin with --grant-ca.",
    );
  }
  const file = place.authoritiesName ?? place.name;
  const given = certificatesIn(authorities);
  if (given.length === 0) throw unusable(file, "there is no PEM certificate in it");
  try {
    given.forEach(readCertificate);
  } catch (error) {
    throw unusable(file, (error as Error).message);
  }
  if (findAuthority(chain, given) !== undefined) return given.join("");
  const names = given.map((one) => readCertificate(one).subject).join(", ");
  throw unusable(
    place.name,
    `it is not signed by an authority of ${file} (${names}), nor are those that came with it`,
  );
}

/** `certificate-unusable`. */
export function unusable(place: string, why: string, hint?: string): AppError {
  return appError("certificate-unusable", { place, why, ...(hint === undefined ? {} : { hint }) });
}

/** What is wrong, as words that can stand alone. */
export function sayFault(error: unknown): string {
  if (isAppError(error, "certificate-unusable")) return error.data.why;
  return error instanceof Error ? error.message : String(error);
}
