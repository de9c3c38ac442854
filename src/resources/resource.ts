import type * as z from "zod/mini";
import type { conditionSchema, endpointSchema, metadataSchema } from "./schemas.ts";

export { apiVersion } from "./api_version.ts";

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

/**
 * True for what is being deleted and has finalizers, as where its dependents go first: it can't
 * come back, and is as good as gone.
 */
export function isBeingDeleted({ metadata }: BaseResource): boolean {
  return metadata["deletionTimestamp"] !== undefined;
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

/** True if the status speaks of the spec of that generation, or does not say of which. */
export function isObserved(
  { metadata, status }: BaseResource,
  generation = metadata.generation,
): boolean {
  const observed = (status?.conditions ?? []).map((each) => each.observedGeneration ?? 0);
  const latest = Math.max(0, ...observed);
  return latest === 0 || latest >= (generation ?? 0);
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
