import type { V1Role } from "@kubernetes/client-node";
import type { Role } from "../../../src/platform/rights_probe.ts";
import { policyNames, rightsOf, roleRights } from "../command_rights.ts";
import type { ObjectOf } from "./objects.ts";

/** The least rights of the role in the namespace. The administrator binds it to people. */
export function personRole(role: Role, namespace: string): ObjectOf<V1Role> {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: `hawser-${role}`, namespace },
    rules: rightsOf(roleRights(role)).map(([kind, verbs]) => {
      const { group, resource } = policyNames(kind);
      return { apiGroups: [group], resources: [resource], verbs: [...verbs] };
    }),
  };
}
