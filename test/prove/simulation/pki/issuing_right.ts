import { parseCertificate } from "./certificate.ts";

/** As the product's: what stands above an authority that is not its own is not known. */
export function whyNoIssuing(certificatePem: string): string | undefined {
  const { key, by } = parseCertificate(certificatePem);
  return key === by ? undefined : "is below another authority";
}
