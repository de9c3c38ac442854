import type * as z from "zod/mini";
import type { AccessGrant } from "./access_grant.ts";
import type { AccessToken } from "./access_token.ts";
import type { Link } from "./link.ts";
import type { RouterAccess } from "./router_access.ts";
import type { Secret } from "./secret.ts";
import {
  accessGrantSchema,
  accessTokenSchema,
  linkSchema,
  routerAccessSchema,
  secretSchema,
  siteSchema,
} from "./schemas.ts";
import type { Site } from "./site.ts";

interface Resources {
  Site: Site;
  Link: Link;
  AccessGrant: AccessGrant;
  AccessToken: AccessToken;
  RouterAccess: RouterAccess;
  Secret: Secret;
}

/** The kinds of resource a platform stores. */
export type Kind = keyof Resources;

/** The resource type of a kind. */
export type ResourceOf<K extends Kind> = Resources[K];

/** Any resource. */
export type Resource = Resources[Kind];

/** The schema of each kind: the check of what comes from outside. */
export const schemas = {
  Site: siteSchema,
  Link: linkSchema,
  AccessGrant: accessGrantSchema,
  AccessToken: accessTokenSchema,
  RouterAccess: routerAccessSchema,
  Secret: secretSchema,
} satisfies { [K in Kind]: () => z.ZodMiniType<Resources[K]> };

/** True if `kind` is one this program knows. */
export function isKind(kind: unknown): kind is Kind {
  return typeof kind === "string" && Object.hasOwn(schemas, kind);
}
