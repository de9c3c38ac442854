import type { Role } from "../../src/platform/rights_probe.ts";
import { type ApiKind, apiResources, type Verb } from "./api/request.ts";

/** Verbs that a command uses, by kind. */
export type Rights = Partial<Record<ApiKind, readonly Verb[]>>;

const read = ["get", "list", "watch"] as const;

const verbOrder: Verb[] = [...read, "create", "update", "delete"];

/**
 * The most that each command does in the namespace. Roles are made of it, and `controller status`
 * compares it with what a user may do.
 */
export const commandRights: Record<string, Rights> = {
  "site status": { Site: ["list"] },
  "network": { Site: ["list"] },
  "site create": { Site: ["list", "watch", "create"] },
  "site update": { Site: ["get", "list", "watch", "update"] },
  // --all needs list and delete for all kinds the cluster serves; these are the kinds of today
  "site delete": {
    Site: ["list", "watch", "delete"],
    Link: ["list", "delete"],
    AccessGrant: ["list", "delete"],
    AccessToken: ["list", "delete"],
    RouterAccess: ["list", "delete"],
    Listener: ["list", "delete"],
    Connector: ["list", "delete"],
    MultiKeyListener: ["list", "delete"],
    AttachedConnector: ["list", "delete"],
    AttachedConnectorBinding: ["list", "delete"],
  },
  "token issue": { Site: ["list", "watch"], AccessGrant: [...read, "create", "delete"] },
  "token redeem": {
    Site: ["list"],
    AccessToken: [...read, "create", "delete"],
    Link: ["list", "watch"],
  },
  "token status": { AccessToken: ["get", "list"] },
  "grant list": { AccessGrant: ["list"] },
  "grant status": { AccessGrant: ["get"] },
  "grant revoke": { AccessGrant: ["get", "delete"] },
  "link status": { Link: ["get", "list"] },
  "link check": { Link: ["get", "list"], Secret: ["get"] },
  "link generate": { Site: ["list", "watch"], RouterAccess: ["list"], Secret: ["get"] },
  "link update": { Link: ["get", "update"], Secret: ["get"] },
  "link delete": { Link: [...read, "delete"], Secret: ["get", "delete"] },
};

/**
 * The commands of each role. Secrets are the admin's alone: the right to read them can't be bounded
 * to those of links.
 */
export const roleCommands: Record<Role, string[]> = {
  issuer: ["token issue", "grant list", "grant status", "grant revoke", "site status"],
  redeemer: ["token redeem", "token status", "link status", "site status", "network"],
  admin: Object.keys(commandRights),
};

/** The rights that all of the commands take together. */
export function combineRights(commands: string[]): Rights {
  const combined: Partial<Record<ApiKind, Verb[]>> = {};
  for (const command of commands) {
    for (const [kind, verbs] of rightsOf(commandRights[command]!)) {
      const all = [...combined[kind] ?? [], ...verbs];
      combined[kind] = verbOrder.filter((verb) => all.includes(verb));
    }
  }
  return combined;
}

/** The rights, kind by kind. */
export function rightsOf(rights: Rights): [ApiKind, readonly Verb[]][] {
  return Object.entries(rights) as [ApiKind, readonly Verb[]][];
}

/** A kind as RBAC names it: its group and resource. */
export function policyNames(kind: ApiKind): { group: string; resource: string } {
  const { group, plural } = apiResources[kind];
  return { group, resource: plural };
}
