import type { Role } from "../../../src/platform/abilities.ts";
import type { KubernetesObject, PolicyRule } from "./objects.ts";

/**
 * The least rights that commands take, by role:
 * - issuer: token issue, grant list, grant revoke, site status
 * - redeemer: token redeem, link status, site status
 * - admin: every command of sites, tokens, links and grants. Its right to read Secrets is for link check
 *   and link delete; it covers all Secrets of the namespace.
 */
export const personRules: Record<Role, PolicyRule[]> = {
  issuer: [
    rule("sites", ["list", "watch"]),
    rule("accessgrants", ["get", "list", "watch", "create", "delete"]),
  ],
  redeemer: [
    rule("sites", ["list"]),
    rule("accesstokens", ["get", "list", "watch", "create", "delete"]),
    rule("links", ["get", "list", "watch"]),
  ],
  admin: [
    rule("sites", ["get", "list", "watch", "create", "update", "delete"]),
    rule("accessgrants", ["get", "list", "watch", "create", "delete"]),
    rule("accesstokens", ["get", "list", "watch", "create", "delete"]),
    rule("links", ["get", "list", "watch", "delete"]),
    { apiGroups: [""], resources: ["secrets"], verbs: ["get", "delete"] },
  ],
};

/** The role as an object of the namespace; whom it is bound to is the administrator's to say. */
export function personRole(role: Role, namespace: string): KubernetesObject {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: `hawser-${role}`, namespace },
    rules: personRules[role],
  };
}

function rule(resource: string, verbs: string[]): PolicyRule {
  return { apiGroups: ["skupper.io"], resources: [resource], verbs };
}
