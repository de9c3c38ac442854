import { apiResources, type Verb } from "./api_request.ts";
import type { Kind } from "../../src/resources/kinds.ts";

/** Verbs that a command uses, by kind. */
export type Rights = Partial<Record<Kind, readonly Verb[]>>;

const read = ["get", "list", "watch"] as const;

const verbOrder: Verb[] = [...read, "create", "update", "delete"];

/**
 * What each command does in the namespace at most. Roles are made of it, and `controller status` says by
 * it what a user may do.
 */
export const commandRights: Record<string, Rights> = {
  "site status": { Site: ["list"] },
  "site create": { Site: ["list", "watch", "create"] },
  "site update": { Site: ["get", "list", "watch", "update"] },
  "site delete": {
    Site: ["list", "watch", "delete"],
    Link: ["list", "delete"],
    AccessGrant: ["list", "delete"],
    AccessToken: ["list", "delete"],
    RouterAccess: ["list", "delete"],
  },
  "token issue": { Site: ["list", "watch"], AccessGrant: [...read, "create", "delete"] },
  "token redeem": {
    Site: ["list"],
    AccessToken: [...read, "create", "delete"],
    Link: ["list", "watch"],
  },
  "grant list": { AccessGrant: ["list"] },
  "grant revoke": { AccessGrant: ["get", "delete"] },
  "link status": { Link: ["get", "list"] },
  "link check": { Link: ["get", "list"], Secret: ["get"] },
  "link generate": { Site: ["list", "watch"], RouterAccess: ["list"], Secret: ["get"] },
  "link update": { Link: ["get", "update"], Secret: ["get"] },
  "link delete": { Link: [...read, "delete"], Secret: ["get", "delete"] },
};

/** The rights that all of the commands take together. */
export function combineRights(commands: string[]): Rights {
  const combined: Partial<Record<Kind, Verb[]>> = {};
  for (const command of commands) {
    for (const [kind, verbs] of rightsOf(commandRights[command]!)) {
      const all = [...combined[kind] ?? [], ...verbs];
      combined[kind] = verbOrder.filter((verb) => all.includes(verb));
    }
  }
  return combined;
}

/** The rights, kind by kind. */
export function rightsOf(rights: Rights): [Kind, readonly Verb[]][] {
  return Object.entries(rights) as [Kind, readonly Verb[]][];
}

/** A kind as RBAC names it: its group and resource. */
export function policyNames(kind: Kind): { group: string; resource: string } {
  const { group, plural } = apiResources[kind];
  return { group, resource: plural };
}
