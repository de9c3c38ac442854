import { type BaseResource, type Condition, findCondition } from "../resources/resource.ts";

/** What a condition says, beside its type. */
export type ConditionState = Pick<Condition, "status" | "reason" | "message">;

/** The three states upstream writes (docs/spec/skupper-system-sites.md 10). */
export const readyState: ConditionState = { status: "True", reason: "Ready", message: "OK" };

export function errorState(message: string): ConditionState {
  return { status: "False", reason: "Error", message: shorten(message) };
}

export function pendingState(message: string): ConditionState {
  return { status: "False", reason: "Pending", message: shorten(message) };
}

/**
 * The condition of that type for the resource's present generation; its lastTransitionTime stays
 * as long as its status does. `now` is in milliseconds since 1970.
 */
export function nextCondition(
  resource: BaseResource,
  type: string,
  state: ConditionState,
  now: number,
): Condition {
  const before = findCondition(resource, type);
  return {
    type,
    status: state.status,
    observedGeneration: resource.metadata.generation ?? 1,
    lastTransitionTime: before?.status === state.status
      ? before.lastTransitionTime
      : formatTime(now),
    reason: state.reason,
    message: state.message,
  };
}

/** RFC 3339 in whole seconds, as metav1.Time is written. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The CRDs allow a condition's message no more characters. */
function shorten(message: string): string {
  return message.slice(0, 32_768);
}
