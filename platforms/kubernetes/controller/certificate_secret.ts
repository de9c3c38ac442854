import {
  type BroughtTexts,
  type CertificatePlace,
  unusable,
} from "../../../src/grant_service/brought_certificate.ts";
import { secretText } from "../../../src/resources/secret.ts";
import type { ApiClient } from "../api/client.ts";
import { ResourceCache } from "./resource_cache.ts";

/** Which Secret holds the certificate. */
export interface CertificateSecret {
  namespace: string;
  name: string;
  /** Called with what keeps changes from being seen. It is tried again. */
  onProblem(problem: unknown): void;
}

/**
 * The certificate in a Secret of the type kubernetes.io/tls, as cert-manager keeps it: `tls.crt`,
 * `tls.key`, and `ca.crt` where its issuer names one. Followed until the signal aborts. Throws what
 * the first look at it throws.
 */
export async function followCertificateSecret(
  api: ApiClient,
  { namespace, name, onProblem }: CertificateSecret,
  signal: AbortSignal,
): Promise<CertificatePlace> {
  const cache = new ResourceCache({
    kind: "Secret",
    namespaces: [namespace],
    name,
    onChanged: () => {},
    onProblem,
  });
  await cache.start(api, signal);
  const place = `Secret "${name}" of namespace "${namespace}"`;
  return { name: place, read: () => Promise.resolve().then(read) };

  function read(): BroughtTexts {
    const secret = cache.get(namespace, name);
    if (secret === undefined) throw unusable(place, "it is not there");
    const [certificate, privateKey] = ["tls.crt", "tls.key"].map((key) => {
      const text = secretText(secret, key);
      if (text) return text;
      throw unusable(place, `it has no ${key}`);
    });
    const authorities = secretText(secret, "ca.crt");
    return {
      certificate: certificate!,
      privateKey: privateKey!,
      ...(authorities ? { authorities } : {}),
    };
  }
}
