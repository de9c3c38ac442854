import { certificatesIn, isSignedBy, readCertificate } from "../pki/certificate.ts";
import { encodePem } from "../pki/pem.ts";

/**
 * Tells why a server's certificate was refused. The runtimes don't tell an expired one from a
 * foreign one, or each in its own way. So what it shows is fetched (DER, its own first) and judged
 * here; of an empty `ca` no more is known than that this system does not trust it. `now` is this
 * machine's time in milliseconds.
 */
export async function explainRefusedCertificate(
  fetchCertificates: () => Promise<Uint8Array[]>,
  ca: string,
  now: number,
): Promise<{ why: string; hint?: string }> {
  const foreign = ca === ""
    ? {
      why: "its certificate is not signed by an authority that this system trusts",
      hint: "The token pins none. SSL_CERT_FILE names other authorities to trust.",
    }
    : {
      why: "its certificate is not signed by the authority it should be",
      hint: "Another server may have taken its place: ask for a new token.",
    };
  try {
    const shown = (await fetchCertificates()).map((der) => encodePem("CERTIFICATE", der));
    if (ca === "") return explainTimes(shown.slice(0, 1), now) ?? foreign;
    const authority = certificatesIn(ca).find((one) => shown.some((each) => isSignedBy(each, one)));
    if (authority === undefined) return foreign;
    return explainTimes([authority, ...shown], now) ?? {
      why: "its certificate is not made for a server",
    };
  } catch {
    return foreign;
  }
}

function explainTimes(chain: string[], now: number): { why: string; hint: string } | undefined {
  const clock = `this machine's clock says ${new Date(now).toISOString()}`;
  for (const { notBefore, notAfter } of chain.map(readCertificate)) {
    if (now < notBefore.getTime()) {
      return {
        why: `its certificate is not valid before ${notBefore.toISOString()}; ${clock}`,
        hint:
          "If this machine's clock is right, that of the issuing site is not, or was not when " +
          "it made the certificate: ask for a new token once it is.",
      };
    }
    if (now > notAfter.getTime()) {
      return {
        why: `its certificate expired at ${notAfter.toISOString()}; ${clock}`,
        hint: "If this machine's clock is right, ask for a new token.",
      };
    }
  }
  return undefined;
}
