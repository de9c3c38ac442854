import { authorityNames, certificatesIn, readCertificate } from "../pki/certificate.ts";
import { tokenAnnotations } from "../resources/access_token.ts";
import type { Now } from "../runtime/clock.ts";
import type { UsableToken } from "./token_file.ts";

/** What a token file says of itself; its code is not part of it. */
export interface TokenFacts {
  name: string;
  url: string;
  /** The site that issued it, where the file tells. */
  site?: string;
  /** RFC 3339, where the file tells. */
  expirationTime?: string;
  /** By this machine's clock. */
  expired?: boolean;
  redemptionsAllowed?: number;
  linkCost?: number;
  /** Names of the authorities it pins; none: its redeemer's system says whom to trust. */
  pins: string[];
  /** SHA-256 of the first of their certificates, hex. */
  caFingerprint?: string;
}

/** Reads what a token says, without asking its grant service. */
export function inspectToken(token: UsableToken, now: Now = Date.now): TokenFacts {
  const { metadata, spec } = token;
  const annotations = metadata.annotations ?? {};
  const site = annotations[tokenAnnotations.site];
  const expirationTime = annotations[tokenAnnotations.expires];
  const [pinned] = certificatesIn(spec.ca);
  const uses = Number(annotations[tokenAnnotations.redemptionsAllowed]);
  return {
    name: metadata.name,
    url: spec.url,
    ...(site === undefined ? {} : { site }),
    ...(expirationTime === undefined
      ? {}
      : { expirationTime, expired: Date.parse(expirationTime) <= now() }),
    ...(uses > 0 ? { redemptionsAllowed: uses } : {}),
    ...(spec.linkCost === undefined ? {} : { linkCost: spec.linkCost }),
    pins: authorityNames(spec.ca),
    ...(pinned === undefined ? {} : { caFingerprint: readCertificate(pinned).fingerprint }),
  };
}
