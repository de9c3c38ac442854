import { type AppError, appError } from "../errors/app_error.ts";
import { type AccessGrant, grantState, redemptionsAllowed } from "../resources/access_grant.ts";
import type { AccessToken } from "../resources/access_token.ts";
import type { Link } from "../resources/link.ts";
import { type BaseResource, findCondition, isObserved } from "../resources/resource.ts";
import { hasFailed, type Site } from "../resources/site.ts";
import { describeReportedFailure } from "./reported_failure.ts";

/** Where a resource is, and what time it is in milliseconds since 1970. */
export interface Around {
  namespace: string;
  now: number;
}

/**
 * Why no waiting brings a resource further than it is: only somebody's change can. Undefined where
 * it may come by itself: a controller has yet to look at what it is now, tries again, or waits for
 * something of another's, such as the Secret of a link.
 */
export function whyInVain(resource: BaseResource, around: Around): AppError | undefined {
  if (!isObserved(resource)) return undefined;
  switch (resource.kind) {
    case "Site":
      return whySiteFails(resource as Site);
    case "Link":
      return whyLinkFails(resource as Link);
    case "AccessGrant":
      return whyGrantIsOver(resource as AccessGrant, around);
    case "AccessToken":
      return whyTokenFails(resource as AccessToken, around);
  }
}

function whySiteFails(site: Site): AppError | undefined {
  const { metadata: { name }, status } = site;
  return hasFailed(site)
    ? appError("site-failed", { site: name, message: status?.message ?? "" })
    : undefined;
}

/** A link without an endpoint leads nowhere; what else is wrong may be another's to put right. */
function whyLinkFails({ metadata: { name }, spec, status }: Link): AppError | undefined {
  return status?.status === "Error" && spec?.endpoints.length === 0
    ? appError("link-failed", { link: name, message: status.message ?? "" })
    : undefined;
}

function whyGrantIsOver(grant: AccessGrant, { now }: Around): AppError | undefined {
  const { metadata: { name }, status } = grant;
  switch (grantState(grant, now).status) {
    case "Error":
      return appError("grant-failed", { grant: name, message: status?.message ?? "" });
    case "Expired":
      return appError("grant-expired", { grant: name, at: status?.expirationTime ?? "" });
    case "Used up":
      return appError("grant-used-up", { grant: name, allowed: redemptionsAllowed(grant) });
  }
}

function whyTokenFails(token: AccessToken, around: Around): AppError | undefined {
  const { metadata: { name }, status, spec = { url: "", ca: "", code: "" } } = token;
  if (findCondition(token, "Redeemed")?.status === "True" || status?.status !== "Error") {
    return undefined;
  }
  return describeReportedFailure(
    { ...token, spec, metadata: { name } },
    status.message ?? "",
    around,
  );
}
