import type { Exposure } from "../../../src/platform/exposure.ts";
import { controllerName, grantServiceName } from "../deployed_names.ts";
import { type KubernetesObject, metadata, type PolicyRule } from "./objects.ts";

/** Where the controller works, and how it learns its address. */
export interface RightsPlan {
  namespace: string;
  /** Undefined: all. */
  watchNamespaces: string[] | undefined;
  exposure: Exposure;
  host: string | undefined;
}

/** What the controller does in a namespace it serves. */
const served: PolicyRule[] = [
  skupper(["sites", "routeraccesses"], ["list", "watch"]),
  skupper(["accessgrants"], ["get", "list", "watch", "delete"]),
  skupper(["accesstokens"], ["get", "list", "watch"]),
  skupper(["accessgrants/status", "accesstokens/status"], ["update"]),
  skupper(["links"], ["get", "create"]),
  core(["secrets"], ["get", "create", "update", "delete"]),
  core(["events"], ["create"]),
];

/** What it does in the namespace it runs in: keep its certificate authority and certificate. */
const own: PolicyRule[] = [core(["secrets"], ["get", "create", "update"])];

/** The controller's ServiceAccount and the least rules that its work takes. */
export function controllerRights(plan: RightsPlan): KubernetesObject[] {
  const { namespace, watchNamespaces } = plan;
  const account: KubernetesObject = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata(controllerName, namespace),
  };
  const ownRules = [...own, ...addressRules(plan)];
  const nodes = needsNodes(plan) ? [core(["nodes"], ["list"])] : [];
  if (watchNamespaces === undefined) {
    return [
      account,
      ...clusterRole(namespace, [...served, ...nodes]),
      ...role(namespace, namespace, ownRules),
    ];
  }
  const elsewhere = watchNamespaces.filter((name) => name !== namespace);
  const here = watchNamespaces.includes(namespace) ? [...served, ...ownRules] : ownRules;
  return [
    account,
    ...(nodes.length === 0 ? [] : clusterRole(namespace, nodes)),
    ...role(namespace, namespace, here),
    ...elsewhere.flatMap((name) => role(name, namespace, served)),
  ];
}

/** Reading what it is reached through. */
function addressRules({ exposure }: RightsPlan): PolicyRule[] {
  const resourceNames = [grantServiceName];
  switch (exposure) {
    case "securedaccess":
      return [{ ...skupper(["securedaccesses"], ["get"]), resourceNames }];
    case "loadbalancer":
    case "nodeport":
      return [{ ...core(["services"], ["get"]), resourceNames }];
    case "route":
      return [{
        apiGroups: ["route.openshift.io"],
        resources: ["routes"],
        resourceNames,
        verbs: ["get"],
      }];
    default:
      return [];
  }
}

/** Without a name for them the nodes are found by their own addresses. */
function needsNodes({ exposure, host }: RightsPlan): boolean {
  return exposure === "nodeport" && host === undefined;
}

function role(namespace: string, home: string, rules: PolicyRule[]): KubernetesObject[] {
  return [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: metadata(controllerName, namespace),
      rules,
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: metadata(controllerName, namespace),
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: controllerName },
      subjects: subjects(home),
    },
  ];
}

function clusterRole(home: string, rules: PolicyRule[]): KubernetesObject[] {
  // the cluster may hold several controllers, with different rules
  const name = `${controllerName}-${home}`;
  return [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: metadata(name),
      rules,
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: metadata(name),
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: subjects(home),
    },
  ];
}

function subjects(namespace: string): object[] {
  return [{ kind: "ServiceAccount", name: controllerName, namespace }];
}

function skupper(resources: string[], verbs: string[]): PolicyRule {
  return { apiGroups: ["skupper.io"], resources, verbs };
}

function core(resources: string[], verbs: string[]): PolicyRule {
  return { apiGroups: [""], resources, verbs };
}
