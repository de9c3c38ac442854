import {
  certificateTerms,
  openCertificateFiles,
} from "../../../src/controller/certificate_files.ts";
import { BroughtIdentity } from "../../../src/grant_service/brought_identity.ts";
import type { ClusterRunOptions } from "../../../src/platform/controller_options.ts";
import type { ApiClient } from "../api/client.ts";
import { followCertificateSecret } from "./certificate_secret.ts";

/** Where the certificate of a cluster's controller may be. */
export interface CertificateSurroundings {
  api: ApiClient;
  /** The controller's own. */
  namespace: string;
  env: Record<string, string | undefined>;
  readings(): readonly number[];
  onProblem(problem: unknown): void;
  /** As CertificateSecret has it. */
  onAwaited?: ((why: string) => Promise<void>) | undefined;
}

/**
 * The certificate that the user brings, in a Secret or in files; undefined where neither is named.
 * Throws as `BroughtIdentity.open` and `followCertificateSecret` do.
 */
export async function openClusterCertificate(
  options: ClusterRunOptions,
  { api, namespace, env, readings, onProblem, onAwaited }: CertificateSurroundings,
  signal: AbortSignal,
): Promise<BroughtIdentity | undefined> {
  const { expose, certificateSecret: secret } = options;
  const host = options.grantHost ?? (typeof expose === "object" ? expose.host : undefined);
  if (secret === undefined) {
    return await openCertificateFiles({ ...options, grantHost: host }, env, readings);
  }
  const place = { namespace, name: secret.name, onProblem, onAwaited };
  return await BroughtIdentity.open(
    await followCertificateSecret(api, place, signal),
    certificateTerms({ host, pinsNone: secret.pinsNone, readings }, env),
  );
}
