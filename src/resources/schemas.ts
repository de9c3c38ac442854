import { z } from "zod";
import { apiVersion } from "./api_version.ts";

// A parser made for each schema pays off after thousands of resources; most commands read a few.
z.config({ jitless: true });

/**
 * Builds a schema when it is first used: building all of them takes longer than reading a resource.
 */
function lazySchema<T>(build: () => T): () => T {
  let built: T | undefined;
  return () => built ??= build();
}

/** Kubernetes object metadata; fields not named here are kept. */
export const metadataSchema = lazySchema(() =>
  z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    generation: z.int().optional(),
    creationTimestamp: z.string().nullish(),
    labels: z.record(z.string(), z.string()).nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
  })
);

/** metav1.Condition, as every Skupper CRD has it. */
export const conditionSchema = lazySchema(() =>
  z.looseObject({
    type: z.string().max(316),
    status: z.enum(["True", "False", "Unknown"]),
    observedGeneration: z.int().min(0).optional(),
    lastTransitionTime: z.string(),
    reason: z.string().min(1).max(1024),
    message: z.string().max(32768),
  })
);

/** The fields every status has. */
const statusFields = lazySchema(() => ({
  status: z.string().optional(),
  message: z.string().optional(),
  conditions: z.array(conditionSchema()).optional(),
}));

/** One address of a router: the name is the role, `inter-router` or `edge`. */
export const endpointSchema = lazySchema(() =>
  z.looseObject({
    name: z.string().optional(),
    host: z.string().optional(),
    port: z.string().optional(),
    group: z.string().optional(),
  })
);

/** The free settings of a spec. */
const settingsSchema = lazySchema(() => z.record(z.string(), z.string()).optional());

/** Site, as docs/spec/resources.md 2 has it. */
export const siteSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("Site"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      serviceAccount: z.string().optional(),
      linkAccess: z.string().optional(),
      defaultIssuer: z.string().optional(),
      ha: z.boolean().optional(),
      edge: z.boolean().optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      defaultIssuer: z.string().optional(),
      controller: z.looseObject({
        name: z.string().optional(),
        namespace: z.string().optional(),
        version: z.string().optional(),
      }).optional(),
      endpoints: z.array(endpointSchema()).optional(),
      sitesInNetwork: z.int().optional(),
      network: z.array(z.looseObject({
        id: z.string().optional(),
        name: z.string().optional(),
        namespace: z.string().optional(),
        platform: z.string().optional(),
        version: z.string().optional(),
        links: z.array(z.looseObject({
          name: z.string().optional(),
          remoteSiteId: z.string().optional(),
          remoteSiteName: z.string().optional(),
          operational: z.boolean().optional(),
        })).optional(),
        services: z.array(z.looseObject({
          routingKey: z.string().optional(),
          connectors: z.array(z.string()).optional(),
          listeners: z.array(z.string()).optional(),
        })).optional(),
      })).optional(),
    }).optional(),
  })
);

/** Link, as docs/spec/resources.md 3 has it. */
export const linkSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("Link"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      endpoints: z.array(endpointSchema()),
      tlsCredentials: z.string().optional(),
      cost: z.int().optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      remoteSiteId: z.string().optional(),
      remoteSiteName: z.string().optional(),
    }).optional(),
  })
);

/** AccessGrant, as docs/spec/resources.md 4 has it. */
export const accessGrantSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("AccessGrant"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      redemptionsAllowed: z.int().optional(),
      expirationWindow: z.string().optional(),
      code: z.string().optional(),
      issuer: z.string().optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      url: z.string().optional(),
      code: z.string().optional(),
      ca: z.string().optional(),
      redemptions: z.int().optional(),
      expirationTime: z.string().optional(),
    }).optional(),
  })
);

/** AccessToken, as docs/spec/resources.md 5 has it. */
export const accessTokenSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("AccessToken"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      url: z.string(),
      code: z.string(),
      ca: z.string(),
      linkCost: z.int().optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      redeemed: z.boolean().optional(),
    }).optional(),
  })
);

/** RouterAccess, as docs/spec/resources.md 6 has it. */
export const routerAccessSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("RouterAccess"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      roles: z.array(z.looseObject({ name: z.string(), port: z.int().optional() })),
      tlsCredentials: z.string(),
      generateTlsCredentials: z.boolean().optional(),
      issuer: z.string().optional(),
      accessType: z.string().optional(),
      bindHost: z.string().optional(),
      subjectAlternativeNames: z.array(z.string()).optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      endpoints: z.array(endpointSchema()).optional(),
    }).optional(),
  })
);

/** A core/v1 Secret; `data` is base64, as on the wire. */
export const secretSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Secret"),
    metadata: metadataSchema(),
    type: z.string().optional(),
    data: z.record(z.string(), z.string()).nullish(),
    stringData: z.record(z.string(), z.string()).nullish(),
    status: z.undefined().optional(),
  })
);
