import { z } from "zod";

// A parser made for each schema pays off after thousands of resources; most commands read a few.
z.config({ jitless: true });

/** The group and version of every Skupper resource. */
export const apiVersion = "skupper.io/v2alpha1";

/** Builds a schema when it is first used: building all of them costs every start of the program 5 ms. */
export function lazySchema<T>(build: () => T): () => T {
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
export const statusFields = lazySchema(() => ({
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
export const settingsSchema = lazySchema(() => z.record(z.string(), z.string()).optional());

export type Metadata = z.infer<ReturnType<typeof metadataSchema>>;
export type Condition = z.infer<ReturnType<typeof conditionSchema>>;
export type Endpoint = z.infer<ReturnType<typeof endpointSchema>>;

/** What every status holds, whatever the kind. */
export interface BaseStatus {
  status?: string | undefined;
  message?: string | undefined;
  conditions?: Condition[] | undefined;
}

/** The part all resources share. */
export interface BaseResource {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  status?: BaseStatus | undefined;
}

/** The condition of that type, if the resource has it. */
export function findCondition(resource: BaseResource, type: string): Condition | undefined {
  return resource.status?.conditions?.find((condition) => condition.type === type);
}

/** True if the resource has that condition with status "True". */
export function hasCondition(resource: BaseResource, type: string): boolean {
  return findCondition(resource, type)?.status === "True";
}

/** True if the controller has declared the resource ready to use. */
export function isReady(resource: BaseResource): boolean {
  return hasCondition(resource, "Ready");
}

/** One line on the state of a resource: its status and message, as `status` commands show them. */
export function describeState(resource: BaseResource): string {
  const status = resource.status?.status ?? "Pending";
  const message = resource.status?.message;
  // what is ready needs no explanation, and upstream leaves old messages in place
  const isClear = status === "Ready" || status === message;
  return isClear || message === undefined || message === "" ? status : `${status} (${message})`;
}

/** An address with its port; IPv6 in brackets (RFC 3986 3.2.2). */
export function hostAndPort(host: string, port: string | number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
