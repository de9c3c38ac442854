import * as z from "zod/mini";
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

/** The smallest parts, each made once: making a schema takes longer than reading a resource. */
const text = lazySchema(() => z.string());
const optionalText = lazySchema(() => z.optional(text()));
const optionalFlag = lazySchema(() => z.optional(z.boolean()));
const optionalWhole = lazySchema(() => z.optional(z.int()));
const texts = lazySchema(() => z.record(text(), text()));
const nullishTexts = lazySchema(() => z.nullish(texts()));

function optionalObject<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.optional(z.looseObject(shape));
}

function optionalArray<T extends z.core.SomeType>(element: T) {
  return z.optional(z.array(element));
}

/** Kubernetes object metadata; fields not named here are kept. */
export const metadataSchema = lazySchema(() =>
  z.looseObject({
    name: text(),
    namespace: optionalText(),
    uid: optionalText(),
    resourceVersion: optionalText(),
    generation: optionalWhole(),
    creationTimestamp: z.nullish(text()),
    labels: nullishTexts(),
    annotations: nullishTexts(),
  })
);

/** metav1.Condition, as every Skupper CRD has it. */
export const conditionSchema = lazySchema(() =>
  z.looseObject({
    type: z.string().check(z.maxLength(316)),
    status: z.enum(["True", "False", "Unknown"]),
    observedGeneration: z.optional(z.int().check(z.minimum(0))),
    lastTransitionTime: text(),
    reason: z.string().check(z.minLength(1), z.maxLength(1024)),
    message: z.string().check(z.maxLength(32768)),
  })
);

/** The fields every status has. */
const statusFields = lazySchema(() => ({
  status: optionalText(),
  message: optionalText(),
  conditions: optionalArray(conditionSchema()),
}));

/** One address of a router: the name is the role, `inter-router` or `edge`. */
export const endpointSchema = lazySchema(() =>
  z.looseObject({
    name: optionalText(),
    host: optionalText(),
    port: optionalText(),
    group: optionalText(),
  })
);

/** The free settings of a spec. */
const settingsSchema = lazySchema(() => z.optional(texts()));

/** Site, as docs/spec/resources.md 2 has it. */
export const siteSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("Site"),
    metadata: metadataSchema(),
    spec: optionalObject({
      serviceAccount: optionalText(),
      linkAccess: optionalText(),
      defaultIssuer: optionalText(),
      ha: optionalFlag(),
      edge: optionalFlag(),
      settings: settingsSchema(),
    }),
    status: optionalObject({
      ...statusFields(),
      defaultIssuer: optionalText(),
      controller: optionalObject({
        name: optionalText(),
        namespace: optionalText(),
        version: optionalText(),
      }),
      endpoints: optionalArray(endpointSchema()),
      sitesInNetwork: optionalWhole(),
      network: optionalArray(z.looseObject({
        id: optionalText(),
        name: optionalText(),
        namespace: optionalText(),
        platform: optionalText(),
        version: optionalText(),
        links: optionalArray(z.looseObject({
          name: optionalText(),
          remoteSiteId: optionalText(),
          remoteSiteName: optionalText(),
          operational: optionalFlag(),
        })),
        services: optionalArray(z.looseObject({
          routingKey: optionalText(),
          connectors: optionalArray(text()),
          listeners: optionalArray(text()),
        })),
      })),
    }),
  })
);

/** Link, as docs/spec/resources.md 3 has it. */
export const linkSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("Link"),
    metadata: metadataSchema(),
    spec: optionalObject({
      endpoints: z.array(endpointSchema()),
      tlsCredentials: optionalText(),
      cost: optionalWhole(),
      settings: settingsSchema(),
    }),
    status: optionalObject({
      ...statusFields(),
      remoteSiteId: optionalText(),
      remoteSiteName: optionalText(),
    }),
  })
);

/** AccessGrant, as docs/spec/resources.md 4 has it. */
export const accessGrantSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("AccessGrant"),
    metadata: metadataSchema(),
    spec: optionalObject({
      redemptionsAllowed: optionalWhole(),
      expirationWindow: optionalText(),
      code: optionalText(),
      issuer: optionalText(),
      settings: settingsSchema(),
    }),
    status: optionalObject({
      ...statusFields(),
      url: optionalText(),
      code: optionalText(),
      ca: optionalText(),
      redemptions: optionalWhole(),
      expirationTime: optionalText(),
    }),
  })
);

/** AccessToken, as docs/spec/resources.md 5 has it. */
export const accessTokenSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("AccessToken"),
    metadata: metadataSchema(),
    spec: optionalObject({
      url: text(),
      code: text(),
      ca: text(),
      linkCost: optionalWhole(),
      settings: settingsSchema(),
    }),
    status: optionalObject({
      ...statusFields(),
      redeemed: optionalFlag(),
    }),
  })
);

/** RouterAccess, as docs/spec/resources.md 6 has it. */
export const routerAccessSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("RouterAccess"),
    metadata: metadataSchema(),
    spec: optionalObject({
      roles: z.array(z.looseObject({ name: text(), port: optionalWhole() })),
      tlsCredentials: text(),
      generateTlsCredentials: optionalFlag(),
      issuer: optionalText(),
      accessType: optionalText(),
      bindHost: optionalText(),
      subjectAlternativeNames: optionalArray(text()),
      settings: settingsSchema(),
    }),
    status: optionalObject({
      ...statusFields(),
      endpoints: optionalArray(endpointSchema()),
    }),
  })
);

/** A core/v1 Secret; `data` is base64, as on the wire. */
export const secretSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Secret"),
    metadata: metadataSchema(),
    type: optionalText(),
    data: nullishTexts(),
    stringData: nullishTexts(),
    status: z.optional(z.undefined()),
  })
);
