import {
  type BroughtTexts,
  type CertificatePlace,
  unusable,
} from "../../../src/grant_service/brought_certificate.ts";
import { secretText } from "../../../src/resources/secret.ts";
import { abortable } from "../../../src/runtime/abortable.ts";
import type { ApiClient } from "../api/client.ts";
import { ResourceCache } from "./resource_cache.ts";

/** Which Secret holds the certificate. */
export interface CertificateSecret {
  namespace: string;
  name: string;
  /** Called with what keeps changes from being seen. It is tried again. */
  onProblem(problem: unknown): void;
  /** Told what is missing of it, which is awaited then; without it that is an error. */
  onAwaited?: ((why: string) => Promise<void>) | undefined;
}

/**
 * The certificate in a Secret of the type kubernetes.io/tls, as cert-manager keeps it: `tls.crt`,
 * `tls.key`, and `ca.crt` where its issuer names one. Followed until the signal aborts. Throws what
 * the first look at it throws, and `onAwaited`.
 */
export async function followCertificateSecret(
  api: ApiClient,
  { namespace, name, onProblem, onAwaited }: CertificateSecret,
  signal: AbortSignal,
): Promise<CertificatePlace> {
  let changed = Promise.withResolvers<void>();
  const cache = new ResourceCache({
    kind: "Secret",
    namespaces: [namespace],
    name,
    onChanged() {
      changed.resolve();
      changed = Promise.withResolvers();
    },
    onProblem,
  });
  await cache.start(api, signal);
  const place = `Secret "${name}" of namespace "${namespace}"`;
  if (onAwaited !== undefined) await untilComplete(onAwaited);
  return { name: place, read: () => Promise.resolve().then(read) };

  async function untilComplete(tell: (why: string) => Promise<void>): Promise<void> {
    for (;;) {
      const { promise } = changed;
      const why = whatIsMissing();
      if (why === undefined) return;
      await tell(`${place}: ${why}`);
      await abortable(promise, signal);
    }
  }

  function whatIsMissing(): string | undefined {
    const secret = cache.get(namespace, name);
    if (secret === undefined) return "it is not there";
    const lacking = ["tls.crt", "tls.key"].find((key) => !secretText(secret, key));
    return lacking && `it has no ${lacking}`;
  }

  function read(): BroughtTexts {
    const missing = whatIsMissing();
    if (missing !== undefined) throw unusable(place, missing);
    const text = (key: string) => secretText(cache.get(namespace, name)!, key) ?? "";
    const authorities = text("ca.crt");
    return {
      certificate: text("tls.crt"),
      privateKey: text("tls.key"),
      ...(authorities ? { authorities } : {}),
    };
  }
}
