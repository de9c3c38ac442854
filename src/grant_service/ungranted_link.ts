import { apiVersion } from "../resources/resource.ts";
import type { Link } from "../resources/link.ts";
import type { Secret } from "../resources/secret.ts";
import { parseResource, readResources } from "../resources/yaml.ts";
import type { GrantBacking } from "./ledger/backing.ts";
import { CredentialMaker } from "./client_credentials.ts";

/**
 * A Secret and the Links that use it, named so, as a redemption gives them, but without a grant.
 * Throws what the backing throws.
 */
export async function makeUngrantedLink(
  backing: GrantBacking,
  name: string,
): Promise<{ secret: Secret; links: Link[] }> {
  const grant = { apiVersion, kind: "AccessGrant", metadata: { name } } as const;
  const request = { name, subject: name, signedAt: Date.now() };
  // issuing authorities are the controller's to keep
  const issuer = async () => ({ ...await backing.issuer(grant), issuing: undefined });
  const { body } = await new CredentialMaker().make(grant, { ...backing, issuer }, request);
  const where = `link "${name}"`;
  const [secret, ...links] = readResources(body, where);
  return {
    secret: parseResource("Secret", secret, where),
    links: links.map((link) => parseResource("Link", link, where)),
  };
}
