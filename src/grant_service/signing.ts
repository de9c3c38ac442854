import { isAppError } from "../errors/app_error.ts";
import { whyNoIssuing } from "../pki/issuing_right.ts";
import type { Signing } from "../platform/abilities.ts";
import { apiVersion } from "../resources/resource.ts";
import type { GrantBacking } from "./ledger/backing.ts";

/** Why nothing is known of the authority that is no trouble of its own. */
const unseen = ["site-issuer-missing", "site-missing", "site-edge", "forbidden"] as const;

/**
 * What signs the clients of a namespace's grants, which `open` opens; undefined where there is no
 * authority, or none that may be looked at.
 */
export async function describeSigning(
  open: () => GrantBacking | Promise<GrantBacking>,
): Promise<Signing | undefined> {
  const grant = { apiVersion, kind: "AccessGrant", metadata: { name: "any" } } as const;
  try {
    const { certificatePem } = await (await open()).issuer(grant);
    const why = whyNoIssuing(certificatePem);
    return why === undefined
      ? { by: "issuing-authority" }
      : { by: "site-authority", why: `The site's authority ${why}` };
  } catch (error) {
    // an Error of src/pki: there is a certificate, and it is broken
    if (!isAppError(error) || isAppError(error, ...unseen)) return undefined;
    throw error;
  }
}
