import accessGrant from "./definitions/access_grant.json" with { type: "json" };
import accessToken from "./definitions/access_token.json" with { type: "json" };
import certificate from "./definitions/certificate.json" with { type: "json" };
import link from "./definitions/link.json" with { type: "json" };
import routerAccess from "./definitions/router_access.json" with { type: "json" };
import securedAccess from "./definitions/secured_access.json" with { type: "json" };
import site from "./definitions/site.json" with { type: "json" };

/** Skupper's resource definitions that sites, links and tokens need, as upstream has them. */
export const definitions = [
  site,
  link,
  accessGrant,
  accessToken,
  routerAccess,
  securedAccess,
  certificate,
];
