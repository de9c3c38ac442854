import {
  type ConditionState,
  errorState,
  pendingState,
  readyState,
} from "../../../src/controller/conditions.ts";
import type { Link } from "../../../src/resources/link.ts";
import type {
  BaseResource,
  BaseStatus,
  Condition,
  Endpoint,
} from "../../../src/resources/resource.ts";
import type { RouterAccess } from "../../../src/resources/router_access.ts";
import { lackingCredentials, type Secret } from "../../../src/resources/secret.ts";
import { defaultIssuer, type Site, wantsLinkAccess } from "../../../src/resources/site.ts";

/** A fact, and since when it holds (RFC 3339); a state read twice must name the same time. */
export interface Fact {
  holds: boolean;
  since: string;
}

/** What the status of a site is derived from, in a namespace that upstream does not run. */
export interface SiteFacts {
  /** The site's certificate authority is complete. */
  authority: Fact;
  /** The authority that the spec names is complete, if it names one. */
  chosenAuthority: Fact;
  /** What keeps the site from being founded, as the controller has seen it. */
  fault: string | undefined;
  /** The site of the namespace, where that is another one. */
  instead: string | undefined;
  /** A controller serves the data home. */
  controller: Fact;
  /** The endpoints of the site's RouterAccesses. */
  endpoints: Endpoint[];
  endpointsSince: string;
}

/** True if remote sites may link to the site; an edge site takes no links, whatever it asks for. */
export function takesRemoteLinks(site: Site): boolean {
  return wantsLinkAccess(site) && site.spec?.edge !== true;
}

/**
 * True if remote sites may link to the site as things are: it asks for that, or says nothing and
 * has a RouterAccess of its user's, for which upstream's router listens too.
 */
function isOpen(site: Site, endpoints: Endpoint[]): boolean {
  if (takesRemoteLinks(site)) return true;
  return !site.spec?.linkAccess && site.spec?.edge !== true && endpoints.length > 0;
}

/**
 * The status of a Site, in the shapes upstream writes (docs/spec/skupper-system-sites.md 10).
 * Without link access nothing needs to run for it. Whether a controller serves is a condition of
 * its own, and Ready is without the router: no token needs one (docs/spec/resources.md 2).
 */
export function deriveSiteStatus(site: Site, facts: SiteFacts): NonNullable<Site["status"]> {
  const { authority, controller, endpoints } = facts;
  const linkAccess = isOpen(site, endpoints);
  const issuer = defaultIssuer(site);
  const conditions = [
    condition("Configured", configuredState(facts, issuer), authority.since),
  ];
  if (linkAccess) {
    const state = controller.holds ? readyState : pendingState("No controller is running");
    conditions.push(condition("Serving", state, controller.since));
  }
  if (linkAccess) {
    const state = endpoints.length > 0 ? readyState : pendingState(
      "No address that remote sites can reach is known, give one with --link-host",
    );
    conditions.push(condition("Resolved", state, facts.endpointsSince));
  }
  const status = summarize(site, conditions);
  const running = condition("Running", pendingState("No router is running"), authority.since);
  const observedGeneration = site.metadata.generation ?? 1;
  return {
    ...status,
    conditions: [...status.conditions ?? [], { ...running, observedGeneration }],
    ...(linkAccess && endpoints.length > 0 ? { endpoints } : {}),
    defaultIssuer: issuer,
  };
}

/** Whether the site is founded, and by whom it will be. */
function configuredState(facts: SiteFacts, issuer: string): ConditionState {
  const { instead, authority, chosenAuthority, fault, controller } = facts;
  if (instead !== undefined) {
    return errorState(`Site "${instead}" is in the namespace too, and only one can be`);
  }
  if (fault !== undefined) return errorState(fault);
  if (!authority.holds) {
    return pendingState(
      controller.holds
        ? "The controller is about to make the site's certificate authority"
        : "No controller is running, which makes the site's certificate authority",
    );
  }
  if (chosenAuthority.holds) return readyState;
  return pendingState(
    `Certificate authority "${issuer}" is missing or incomplete: it is its user's to put into ` +
      `input/issuers/${issuer}, as ca.crt, tls.crt and tls.key`,
  );
}

/**
 * The status of a Link while no router runs for its site: it can be configured, not operational.
 */
export function deriveLinkStatus(
  link: Link,
  secret: Secret | undefined,
  since: string,
): BaseStatus {
  return summarize(link, [
    condition("Configured", linkConfigured(link, secret), since),
    condition("Operational", pendingState("Not operational"), since),
  ]);
}

/** The status of a RouterAccess that no router serves yet. */
export function deriveRouterAccessStatus(
  access: RouterAccess,
  endpoints: Endpoint[],
  since: string,
): NonNullable<RouterAccess["status"]> {
  const resolved = endpoints.length > 0;
  return {
    ...summarize(access, [
      condition("Configured", readyState, since),
      condition("Resolved", resolved ? readyState : pendingState("Pending"), since),
    ]),
    ...(resolved ? { endpoints } : {}),
  };
}

function linkConfigured(link: Link, secret: Secret | undefined): ConditionState {
  if ((link.spec?.endpoints.length ?? 0) === 0) return errorState("The link has no endpoints");
  const lacks = lackingCredentials(secret, link.spec?.tlsCredentials ?? "");
  return lacks === undefined ? readyState : errorState(lacks);
}

/** A condition in that state since then. */
export function condition(type: string, state: ConditionState, since: string): Condition {
  return { type, lastTransitionTime: since, ...state };
}

/** Adds the condition Ready, which upstream puts second: the first one that is not met speaks. */
export function summarize(resource: BaseResource, conditions: Condition[]): BaseStatus {
  const unmet = conditions.find(({ status }) => status !== "True");
  const { reason, message, status }: ConditionState = unmet ?? readyState;
  const latest = conditions.map(({ lastTransitionTime }) => lastTransitionTime).toSorted().at(-1)!;
  const ready = condition(
    "Ready",
    { status, reason, message },
    unmet?.lastTransitionTime ?? latest,
  );
  const observedGeneration = resource.metadata.generation ?? 1;
  return {
    status: reason,
    message,
    conditions: conditions.toSpliced(1, 0, ready).map((each) => ({ ...each, observedGeneration })),
  };
}
