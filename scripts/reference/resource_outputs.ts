import { z } from "zod";
import { linkFaults } from "../../src/router/link_fault.ts";

// The schemas of src/resources check what comes from outside and let pass what they don't know;
// these
// say what comes out, and what each field means.

/** Text. */
export function text(meaning: string) {
  return z.string().describe(meaning);
}

/** True or false. */
export function truth(meaning: string) {
  return z.boolean().describe(meaning);
}

/** A whole number. */
export function whole(meaning: string) {
  return z.int().describe(meaning);
}

/** A time as RFC 3339 has it. */
export function time(meaning: string) {
  return z.iso.datetime({ offset: true }).describe(meaning);
}

const metadata = z.looseObject({
  name: text("its name"),
  namespace: text("its namespace").optional(),
  uid: text("its identity, where a cluster or the controller keeps it").optional(),
  labels: z.record(z.string(), z.string()).describe("its labels").optional(),
  annotations: z.record(z.string(), z.string()).describe("its annotations").optional(),
}).describe("as Kubernetes has it; a cluster adds fields");

const condition = z.strictObject({
  type: text("what it is about, such as Ready"),
  status: z.enum(["True", "False", "Unknown"]).describe("whether it holds"),
  reason: text("why, in one word"),
  message: text("why, in words"),
  lastTransitionTime: time("since when"),
  observedGeneration: whole("the generation of the spec that it speaks of").optional(),
});

const status = {
  status: text("the state in one word: Ready, Pending, Error").optional(),
  message: text("the state in words").optional(),
  conditions: z.array(condition).describe("the state in parts").optional(),
};

const endpoint = z.strictObject({
  name: text("its role: inter-router or edge").optional(),
  host: text("name or address").optional(),
  port: text("the port").optional(),
  group: text("the router it belongs to, where there are several").optional(),
});

const settings = z.record(z.string(), z.string()).describe("free settings").optional();

/** A resource; what Skupper's controller adds to spec and status is let through. */
function resource(kind: string, parts: Record<string, z.ZodType>, version = "skupper.io/v2alpha1") {
  return z.strictObject({
    apiVersion: z.literal(version),
    kind: z.literal(kind),
    metadata,
    ...parts,
  }).meta({ resource: kind });
}

/** What a Site has beside what all resources have. */
const siteParts = {
  spec: z.looseObject({
    linkAccess: text("how links from remote sites reach it; none or absent: not at all").optional(),
    ha: truth("whether two routers run").optional(),
    edge: truth("whether it is an edge site").optional(),
    defaultIssuer: text("the Secret of its certificate authority").optional(),
    settings,
  }).describe("what is wanted").optional(),
  status: z.looseObject({
    ...status,
    endpoints: z.array(endpoint).describe("where remote sites reach it").optional(),
    defaultIssuer: text("the Secret of its certificate authority").optional(),
  }).describe("what is").optional(),
};

export const site = resource("Site", siteParts);

export const link = resource("Link", {
  spec: z.looseObject({
    endpoints: z.array(endpoint).describe("where the other site is reached"),
    cost: whole("the cost of sending traffic over it").optional(),
    tlsCredentials: text("the Secret with its credentials").optional(),
    settings,
  }).describe("what is wanted").optional(),
  status: z.looseObject({
    ...status,
    remoteSiteId: text("the other site's identity").optional(),
    remoteSiteName: text("the other site's name").optional(),
  }).describe("what is").optional(),
});

export const accessGrant = resource("AccessGrant", {
  spec: z.looseObject({
    redemptionsAllowed: whole("how often it can be redeemed; absent: once").optional(),
    expirationWindow: text("how long it can be; absent: 15m").optional(),
    issuer: text("the Secret of the authority that signs for it").optional(),
    settings,
  }).describe("what is wanted").optional(),
  status: z.looseObject({
    ...status,
    url: text("where it is redeemed").optional(),
    ca: text("the authority that the grant service's certificate is from, PEM").optional(),
    redemptions: whole("how often it was redeemed").optional(),
    expirationTime: time("when it ends").optional(),
  }).describe("what is").optional(),
});

export const accessToken = resource("AccessToken", {
  spec: z.looseObject({
    url: text("where it is redeemed"),
    code: text("its secret; absent where a token is shown").optional(),
    ca: text("the authority that the grant service's certificate is from, PEM"),
    linkCost: whole("the cost of the link that comes of it").optional(),
    settings,
  }).describe("what is redeemed").optional(),
  status: z.looseObject({
    ...status,
    redeemed: truth("whether it was redeemed").optional(),
  }).describe("what came of it").optional(),
});

export const routerAccess = resource("RouterAccess", {
  spec: z.looseObject({
    roles: z.array(z.looseObject({
      name: text("inter-router or edge, for links"),
      port: whole("where the router listens").optional(),
    })).describe("what connects there"),
    tlsCredentials: text("the Secret with its certificate"),
    issuer: text("the Secret of the authority that signs it").optional(),
    subjectAlternativeNames: z.array(z.string()).describe("hosts, best first").optional(),
    settings,
  }).describe("what is wanted").optional(),
  status: z.looseObject({
    ...status,
    endpoints: z.array(endpoint).describe("where it is reached").optional(),
  }).describe("what is").optional(),
});

export const secret = resource("Secret", {
  type: text("its type").optional(),
  data: z.record(z.string(), z.string()).describe("its values in base64").optional(),
  stringData: z.record(z.string(), z.string()).describe("its values as text").optional(),
}, "v1");

const remoteSite = z.strictObject({
  name: text("its name"),
  id: text("its id").optional(),
  router: text("the router there"),
});

/** What a site's router says of one of its links. */
export const linkState = z.strictObject({
  state: z.enum(["operational", "down", "absent", "deleted", "unknown"]).describe(
    "absent: the router has no such link; deleted: it has one that the site has no longer; " +
      "unknown: it can't be asked",
  ),
  since: time("since when it is operational").optional(),
  fault: z.enum(linkFaults).describe("what keeps it from that").optional(),
  message: text("the router's own words, or why it can't be asked").optional(),
  cost: whole("the cost that the router uses").optional(),
  remoteSite: remoteSite.describe("the site it leads to").optional(),
  connections: whole("how many connections it has, those for data counted").optional(),
});

/** A Site with what `site status` finds beside it. */
export const siteWithRouter = site.extend({
  router: z.strictObject({
    kept: z.literal(true).describe(
      "on Kubernetes: it is what a controller of Skupper's wrote last",
    ).optional(),
    running: truth("whether a router runs, though it may not be possible to ask it"),
    state: z.enum(["running", "stopped", "unknown"]).describe("how it stands with it"),
    why: text("why it could not be asked").optional(),
    name: text("its name in the network").optional(),
    start: text("the command that starts one").optional(),
    reload: text("the command that has it take up what is new").optional(),
    links: z.array(linkState.extend({
      name: text("its name"),
      remoteSite: remoteSite.extend({
        router: text("the router there, where it is known").optional(),
      })
        .describe("the site it leads to").optional(),
    })).describe("the links that it makes, where that is known").optional(),
    remoteSites: z.array(z.strictObject({
      name: text("its name"),
      id: text("its id").optional(),
      router: text("the router there, where it is known").optional(),
      connections: whole("how many connections there are, those for data counted").optional(),
      since: time("since when the first of them is there").optional(),
    })).describe("the sites it is linked with, whichever made the link, where that is known")
      .optional(),
  }).describe("the site's router, on Kubernetes where its controller tells of one").optional(),
  signing: z.strictObject({
    by: z.enum(["issuing-authority", "site-authority"]).describe(
      "what signs certificates of links",
    ),
    why: text("why it is the site's authority").optional(),
  }).describe("what signs for links to the site, where the user may look at it").optional(),
}).meta({ resource: "Site" });

/** A Link with what the site's router says of it. */
export const linkWithRouter = link.extend({
  router: linkState.describe("what the site's router says of it, on Docker, Podman and Linux")
    .optional(),
}).meta({ resource: "Link" });

/** What came of a change in the router that runs. */
export const live = z.strictObject({
  done: truth("whether the router has it"),
  until: text("the command until which a restart of the router takes it back").optional(),
  running: truth("false: there is no router to have it").optional(),
  why: text("why the router does not have it").optional(),
  command: text("the command that gives it to the router").optional(),
}).describe("what came of it in the site's router, on Docker, Podman and Linux");

/** The resources that outputs.md describes once. */
export const resources = {
  Site: site,
  Link: link,
  AccessGrant: accessGrant,
  AccessToken: accessToken,
  RouterAccess: routerAccess,
  Secret: secret,
};
