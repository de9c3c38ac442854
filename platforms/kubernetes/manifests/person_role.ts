import type { V1Role } from "@kubernetes/client-node";
import type { Role } from "../../../src/platform/abilities.ts";
import { combineRights, commandRights, policyNames, rightsOf } from "../command_rights.ts";
import type { ObjectOf } from "./objects.ts";

/**
 * The commands of each role. Secrets are the admin's alone: the right to read them can't be bounded
 * to those of links.
 */
export const roleCommands: Record<Role, string[]> = {
  issuer: ["token issue", "grant list", "grant status", "grant revoke", "site status"],
  redeemer: ["token redeem", "token status", "link status", "site status"],
  admin: Object.keys(commandRights),
};

/** The least rights of the role in the namespace. The administrator binds it to people. */
export function personRole(role: Role, namespace: string): ObjectOf<V1Role> {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: `hawser-${role}`, namespace },
    rules: rightsOf(combineRights(roleCommands[role])).map(([kind, verbs]) => {
      const { group, resource } = policyNames(kind);
      return { apiGroups: [group], resources: [resource], verbs: [...verbs] };
    }),
  };
}
