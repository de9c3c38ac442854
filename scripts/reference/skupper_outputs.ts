import { z } from "zod";
import { platformNames } from "../../src/platform/name.ts";
import {
  accessGrant,
  accessToken,
  link,
  linkState,
  linkWithRouter,
  live,
  routerAccess,
  secret,
  site,
  siteWithRouter,
  text,
  time,
  truth,
  whole,
} from "./resource_outputs.ts";

const names = z.array(z.string());

const cluster = z.strictObject({
  clock: text("how this machine's clock and the cluster's differ, where they do").optional(),
  wrongClocks: z.array(z.strictObject({
    replica: text("its Pod, or what it calls itself"),
    problem: text("what its clock says, and the cluster's"),
  })).describe("replicas of a controller whose own clock looks wrong").optional(),
  wrongCertificates: z.array(z.strictObject({
    replica: text("its Pod, or what it calls itself"),
    problem: text("why what is there now is not served, or that the served one ends"),
  })).describe("replicas that do not serve the user's certificate as it is now").optional(),
  namespace: text("the namespace that was looked at"),
  controllers: z.array(z.strictObject({
    name: text("its Deployment"),
    namespace: text("where it is"),
    program: z.enum(["skupper", "hawser"]).describe("whose it is"),
    version: text("its version").optional(),
    ready: whole("replicas that are ready").optional(),
    wanted: whole("replicas that there should be").optional(),
    grants: truth("whether it serves access grants; absent: can't be seen").optional(),
    namespaces: names.describe("the namespaces it serves; absent: all").optional(),
  })).describe("the controllers that serve the namespace"),
  seesAll: truth("false if the user may see controllers of the namespace alone"),
  grants: z.array(z.strictObject({
    url: text("where they are redeemed; absent: nobody serves them").optional(),
    count: whole("how many"),
  })).describe("the namespace's access grants by address; absent: may not be listed").optional(),
  resources: z.array(z.strictObject({
    name: text("as in sites.skupper.io"),
    versions: names.describe("the versions served; none: missing"),
  })).describe("Skupper's resource definitions"),
  commands: z.array(z.strictObject({
    command: text("its words"),
    missing: names.describe("the rights that the user lacks for it"),
  })).describe("what the user may do"),
});

const otherResources = [site, accessGrant, accessToken, routerAccess, secret] as const;

const changedLink = link.extend({ live: live.optional() }).meta({ resource: "Link" });

/** What kubectl prints of resources. */
function resourcesWith(links: typeof link | typeof changedLink) {
  const each = [links, ...otherResources] as const;
  return z.union([
    z.strictObject({
      apiVersion: z.literal("v1"),
      kind: z.literal("List"),
      metadata: z.strictObject({ resourceVersion: z.literal("").describe("always empty") }),
      items: z.array(z.union(each)).describe("the resources"),
    }).meta({ title: "several" }),
    ...each,
  ]);
}

const auditRecord = z.strictObject({
  time: time("when it was"),
  event: z.enum(["issued", "redeemed", "repeated", "undelivered", "refused", "revoked"])
    .describe("what was done"),
  namespace: text("the grant's namespace").optional(),
  grant: text("the AccessGrant").optional(),
  uid: text("its uid, or what was asked for in place of one").optional(),
  name: text("name of the token that was redeemed").optional(),
  subject: text("the redeeming site").optional(),
  address: text("where the request came from").optional(),
  reason: text("why it was refused").optional(),
  serial: text("serial number of the certificate").optional(),
  seq: whole("number of the record"),
  previous: text("SHA-256 of the record before"),
});

const controller = z.strictObject({
  running: truth("whether a controller runs"),
  answers: z.literal(false).describe("false: it runs, and is not ready to serve").optional(),
  home: text("the data home"),
  platform: z.enum(platformNames).describe("what hosts it, else the platform in force"),
  engine: text("the container engine").optional(),
  container: text("its container").optional(),
  image: text("its container's image").optional(),
  unit: text("its unit of systemd").optional(),
  pid: whole("its process").optional(),
  version: text("its version").optional(),
  startedAt: time("when it was started").optional(),
  grantUrl: text("base of the urls of grants").optional(),
  operationsUrl: text("where /healthz, /readyz and /metrics answer").optional(),
  log: text("its log's file, or the command that shows it").optional(),
  namespaces: names.describe("the namespaces it serves").optional(),
  problem: text("what is wrong").optional(),
  takenPort: whole("the port that grants name, where another program listens on it").optional(),
  clock: text("what looks wrong with the machine's clock").optional(),
  certificate: z.strictObject({
    place: text("where it is kept"),
    names: names.describe("the hosts that the served one names"),
    notAfter: time("when the served one ends"),
    pins: names.describe("the authorities that tokens pin; none: redeemers trust their systems"),
    problem: text("why what is there now is not served, or that the served one ends").optional(),
    notice: text("which tokens that were issued before are refused now").optional(),
  }).describe("the certificate that the user brings").optional(),
});

const clusterControllers = z.strictObject({
  running: truth("whether a controller serves the namespace"),
  home: text("the API server's url"),
  cluster: cluster.describe("what is known of the cluster"),
});

const changedSite = site.extend({
  waitedFor: z.enum(["none", "configured", "ready"]).describe("how far it was waited for"),
}).meta({ resource: "Site" });

const deleted = z.strictObject({
  deleted: z.string().nullable().describe("its name; null if it was not there any more"),
});

const at = time("when it was seen, by this machine's clock");
const change = z.enum(["found", "added", "changed", "removed"]).describe("what has happened");

const probe = z.strictObject({
  steps: z.array(z.strictObject({
    step: z.enum(["proxy", "name", "connection", "tls", "clock", "grant"])
      .describe("what was tried"),
    ok: truth("whether it succeeded"),
    detail: text("what came of it"),
  })).describe("the steps taken; only the last one can have failed"),
  usesLeft: whole("how often the grant can still be redeemed, where its service tells").optional(),
});

/** What the commands on Skupper's resources give. */
const results = {
  "site create": changedSite,
  "site update": changedSite,
  "site delete": deleted,
  "site status": z.union([
    siteWithRouter.meta({ title: "without --watch" }),
    z.strictObject({ at, change, site: siteWithRouter.optional() }).meta({
      title: "with --watch, an object a line",
    }),
  ]),
  "site generate": site,
  "token issue": z.union([
    z.strictObject({
      file: text("the token file"),
      grant: text("the AccessGrant"),
      site: text("the site that issued it"),
      host: text("the host that the token names"),
      redemptionsAllowed: whole("how often the grant can be redeemed"),
      usesLeft: whole("how often it still can be"),
      expirationTime: time("when the token ends").optional(),
      windowMs: whole("how long it is valid from now, in milliseconds"),
      pins: names.describe(
        "the authorities it pins; none: its redeemer's system says whom to trust",
      ),
      reused: truth("whether the grant was there before"),
    }).meta({ title: "to a file" }),
    accessToken.meta({ title: "to standard output" }),
  ]),
  "token redeem": z.union([
    z.strictObject({
      token: text("the token's name"),
      site: text("the site that has the link now"),
      secret: text("the Secret with the link's credentials"),
      links: names.describe("the links that were made"),
      file: text("the token file, or -"),
      active: truth("whether a router reports the links as connected"),
      live: z.record(z.string(), live).describe("the same by link").optional(),
    }),
    z.strictObject({
      token: text("the token's name"),
      site: text("the site that would have the link"),
      probe: probe.describe("how far a redemption would come"),
    }).meta({ title: "with --dry-run" }),
  ]),
  "key new": z.strictObject({
    file: text("the identity file"),
    recipient: text("what --seal-to takes"),
  }),
  "token inspect": z.strictObject({
    name: text("the token's name"),
    url: text("where it is redeemed"),
    site: text("the site that issued it").optional(),
    expirationTime: time("when it ends").optional(),
    expired: truth("whether it has ended, by this machine's clock").optional(),
    redemptionsAllowed: whole("how often its grant can be redeemed").optional(),
    linkCost: whole("the cost of the link that comes of it").optional(),
    pins: names.describe("the authorities it pins; none: its redeemer's system says whom to trust"),
    caFingerprint: text("SHA-256 of the first of them, hex").optional(),
    probe: probe.describe("with --probe: how far a redemption would come").optional(),
  }),
  "token status": z.union([
    z.array(accessToken).meta({ title: "without a name" }),
    accessToken.meta({ title: "with a name" }),
  ]),
  "get": resourcesWith(link),
  "describe": resourcesWith(link),
  "apply": resourcesWith(changedLink),
  "delete": z.strictObject({
    deleted: names.describe("what is gone, each as kind.group/name"),
    live: z.record(z.string(), live).describe("by Link, what came of it in the router").optional(),
  }),
  "wait": z.strictObject({
    kind: z.enum(["Site", "Link", "AccessGrant", "AccessToken"]).describe("what was waited for"),
    name: text("its name"),
    state: text("the state that it is in, as --for names it"),
    status: text("its status; absent where it is gone").optional(),
  }),
  "network": z.strictObject({
    sites: z.array(z.strictObject({
      key: text("what links name it by: its id, or its router's name"),
      name: text("its name"),
      id: text("its id").optional(),
      namespace: text("its namespace").optional(),
      platform: text("the platform it is on").optional(),
      version: text("the version of Skupper there").optional(),
      here: z.literal(true).describe("it is the site that was asked").optional(),
      answered: z.literal(false).describe("its router did not answer").optional(),
    })).describe("the sites of the network"),
    links: z.array(z.strictObject({
      name: text("its name"),
      from: text("the key of the site that made it"),
      to: text("the key of the site that it leads to").optional(),
      state: z.enum(["operational", "down"]).describe("how it stands with it"),
      cost: whole("the cost in use").optional(),
      role: text("inter-router or edge").optional(),
      address: text("where it leads, or should").optional(),
      message: text("why it is down, in the router's words").optional(),
    })).describe("the links between them"),
  }),
  "link generate": z.strictObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("List"),
    items: z.array(z.union([secret, link])).describe("the link's Secret, and the Links"),
  }),
  "link status": z.union([
    z.array(linkWithRouter).meta({ title: "without a name" }),
    linkWithRouter.meta({ title: "with a name" }),
    z.strictObject({ at, change, link: linkWithRouter }).meta({
      title: "with --watch, an object a line",
    }),
  ]),
  "link check": z.array(z.strictObject({
    link: text("the link's name"),
    endpoints: z.array(z.strictObject({
      name: text("its role: inter-router or edge"),
      host: text("name or address"),
      port: text("the port"),
      ok: truth("whether all steps succeeded"),
      steps: z.array(z.strictObject({
        step: z.enum(["name", "connection", "tls", "certificate"]).describe("what was tried"),
        ok: truth("whether it succeeded"),
        detail: text("what came of it"),
      })).describe("the steps taken; only the last one can have failed"),
      warning: text("what a router would object to all the same").optional(),
    })).describe("the link's endpoints"),
    lacks: text("what its credentials lack, without which nothing is tried").optional(),
    router: linkState.describe("what the site's router says of it, on Docker, Podman and Linux")
      .optional(),
  })),
  "link update": changedLink,
  "link delete": deleted.extend({ live: live.optional() }),
  "grant list": z.array(z.strictObject({
    name: text("the AccessGrant"),
    status: z.enum(["Ready", "Pending", "Error", "Expired", "Used up"]).describe("its state"),
    message: text("the state in words, where the status alone does not say it").optional(),
    redemptions: whole("how often it was redeemed"),
    redemptionsAllowed: whole("how often it can be"),
    expirationTime: time("when it ends").optional(),
    url: text("where it is redeemed").optional(),
  })),
  "grant status": accessGrant,
  "grant revoke": z.strictObject({
    revoked: z.string().nullable().describe("its name; null if it was not there, with --quiet"),
  }),
  "audit show": z.array(auditRecord),
  "audit verify": z.strictObject({
    records: whole("how many there are"),
    chains: whole("how many chains they are; on a cluster each start of a controller begins one"),
    first: whole("number of the first record at hand; what is before it is elsewhere").optional(),
    head: z.strictObject({
      seq: whole("number of the last record"),
      hash: text("its SHA-256"),
    }).describe("absent: there is none").optional(),
  }),
  "controller start": controller,
  "controller restart": controller,
  "controller status": z.union([
    controller.meta({ title: "on Docker, Podman and Linux" }),
    clusterControllers.meta({ title: "on Kubernetes" }),
  ]),
  "controller stop": z.strictObject({ stopped: truth("false: none was running") }),
  "controller manifest": z.union([
    z.strictObject({
      apiVersion: z.literal("v1"),
      kind: z.literal("List"),
      items: z.array(z.looseObject({
        apiVersion: text("the version of its kind"),
        kind: text("its kind"),
        metadata: z.looseObject({ name: text("its name") }).describe("as Kubernetes has it"),
      })).describe("what kubectl applies"),
    }).meta({ title: "on Kubernetes" }),
    z.strictObject({
      path: text("where the unit belongs"),
      unit: text("the unit"),
    }).meta({ title: "on Linux" }),
  ]),
  doctor: z.strictObject({
    namespace: text("the namespace that was looked at").optional(),
    problems: whole("how many of the findings stand in the way"),
    findings: z.array(z.strictObject({
      check: text("what was looked at"),
      state: z.enum(["ok", "note", "problem"]).describe("a problem stands in the way"),
      detail: text("what was found"),
      remedy: text("what mends it, or helps").optional(),
    })).describe("what was found, check by check"),
    platform: z.enum(platformNames).describe("the platform in force").optional(),
  }),
  version: z.strictObject({
    components: z.strictObject({
      cli: z.strictObject({ version: text("the program's version") }).describe("this program"),
    }).describe("what there is"),
  }),
};

/** The outputs that another program takes, or that are of no platform. */
const isPlain = [
  "audit show",
  "audit verify",
  "site generate",
  "link generate",
  "controller manifest",
  "version",
  "token inspect",
  "key new",
  "get",
  "describe",
  "apply",
];

/** What `-o json` prints of them: each result names the platform in force. */
export const skupperOutputs: Record<string, z.ZodType> = Object.fromEntries(
  Object.entries(results).map(([words, schema]) => [
    words,
    isPlain.includes(words) ? schema : withPlatform(schema),
  ]),
);

function withPlatform(schema: z.ZodType): z.ZodType {
  const meta = schema.meta() ?? {};
  if (schema instanceof z.ZodArray) {
    return z.array(withPlatform(schema.element as z.ZodType)).meta(meta);
  }
  if (schema instanceof z.ZodUnion) {
    return z.union(schema.options.map((one) => withPlatform(one as z.ZodType))).meta(meta);
  }
  if (
    !(schema instanceof z.ZodObject) || "platform" in schema.shape ||
    meta.title === "to standard output"
  ) return schema;
  return schema.extend({ platform: z.enum(platformNames).describe("the platform in force") }).meta(
    meta,
  );
}
