import type * as z from "zod/mini";
import { hiddenValue } from "./hidden_value.ts";
import type { accessGrantSchema } from "./schemas.ts";

/** AccessGrant, as docs/spec/resources.md 4 has it. */
export type AccessGrant = z.infer<ReturnType<typeof accessGrantSchema>>;

/** The window of a grant that names none, on every platform. */
export const defaultExpirationWindow = "15m";

/**
 * The status.message that a controller writes which does not serve grants
 * (docs/spec/skupper-kubernetes.md 2.6).
 */
export const grantsDisabled = "AccessGrants are not enabled";

/** The code that its maker chose; undefined where that is left to the controller. */
export function chosenCode({ spec }: AccessGrant): string | undefined {
  return spec?.code === hiddenValue ? undefined : spec?.code || undefined;
}

/** How many redemptions the grant allows; a missing or zero value means one, as upstream. */
export function redemptionsAllowed(grant: AccessGrant): number {
  return grant.spec?.redemptionsAllowed || 1;
}

/** How a grant stands; `message` says why, where the status alone does not. */
export interface GrantState {
  status: "Ready" | "Pending" | "Error" | "Expired" | "Used up";
  message?: string;
}

/** The state of a grant at `now`, in milliseconds since 1970. */
export function grantState(grant: AccessGrant, now: number): GrantState {
  const { status: reported, message, redemptions = 0, expirationTime } = grant.status ?? {};
  const isExpired = Date.parse(expirationTime ?? "") <= now;
  const isUsedUp = redemptions >= redemptionsAllowed(grant);
  const status = reported === "Error"
    ? "Error"
    : isExpired
    ? "Expired"
    : isUsedUp
    ? "Used up"
    : reported === "Ready"
    ? "Ready"
    : "Pending";
  const isClear = !message || message === "OK" || message === status;
  return { status, ...(isClear || status === "Ready" ? {} : { message }) };
}
