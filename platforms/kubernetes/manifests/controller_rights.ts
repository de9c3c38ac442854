import type { V1Role, V1RoleBinding, V1ServiceAccount } from "@kubernetes/client-node";
import type { Exposure } from "../../../src/platform/exposure.ts";
import { controllerName, grantServiceName, identitySecretName } from "../deployed_names.ts";
import { type KubernetesObject, metadata, type ObjectOf, type PolicyRule } from "./objects.ts";

/** Where the controller works, and how it learns its address. */
export interface RightsPlan {
  namespace: string;
  /** Undefined: all. */
  watchNamespaces: string[] | undefined;
  exposure: Exposure;
  host: string | undefined;
  /** The Secret that holds the certificate of the grant service. */
  secret: string | undefined;
}

/** What the controller does in a namespace it serves. */
const served: PolicyRule[] = [
  skupper(["sites", "routeraccesses"], ["list", "watch"]),
  skupper(["accessgrants"], ["get", "list", "watch", "delete"]),
  skupper(["accesstokens"], ["get", "list", "watch"]),
  skupper(["accessgrants/status", "accesstokens/status"], ["update"]),
  skupper(["links"], ["get", "create", "update"]),
  core(["secrets"], ["get", "create", "update", "delete"]),
  core(["events"], ["create"]),
];

/**
 * What the controller does with the Secret of its own identity, where it does not serve its own
 * namespace.
 */
const own: PolicyRule[] = [
  { ...core(["secrets"], ["get", "update"]), resourceNames: [identitySecretName] },
  // RBAC can't bound by name what does not exist yet
  core(["secrets"], ["create"]),
  // of its clock
  core(["events"], ["create"]),
];

/** The controller's ServiceAccount and the least rules that its work takes. */
export function controllerRights(plan: RightsPlan): KubernetesObject[] {
  const { namespace, watchNamespaces } = plan;
  const account: ObjectOf<V1ServiceAccount> = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata(controllerName, namespace),
  };
  const servesAll = watchNamespaces === undefined;
  const servesOwn = servesAll || watchNamespaces.includes(namespace);
  const ownRules = [
    ...(servesOwn ? [] : own),
    ...addressRules(plan),
    ...certificateRules(plan),
  ];
  const clusterRules = [...(servesAll ? served : []), ...nodeRules(plan)];
  // a namespace, as the cluster, may be served by several controllers with rules of their own
  const elsewhere = `${controllerName}-${namespace}`;
  return [
    account,
    ...allow(namespace, controllerName, namespace, ownRules),
    ...allow(namespace, elsewhere, undefined, clusterRules),
    ...(watchNamespaces ?? []).flatMap((name) => allow(namespace, elsewhere, name, served)),
  ];
}

/** The right to read the object that exposes the service. */
function addressRules(plan: RightsPlan): PolicyRule[] {
  const resourceNames = [grantServiceName];
  switch (plan.exposure) {
    case "securedaccess":
      return [{ ...skupper(["securedaccesses"], ["get"]), resourceNames }];
    case "loadbalancer":
      return [{ ...core(["services"], ["get"]), resourceNames }];
    case "nodeport":
      return [{ ...core(["services"], ["get"]), resourceNames }, ...podRules(plan)];
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

/** The right to follow the Secret of the certificate, and no other. */
function certificateRules({ secret }: RightsPlan): PolicyRule[] {
  if (secret === undefined) return [];
  return [{ ...core(["secrets"], ["list", "watch"]), resourceNames: [secret] }];
}

/** Without a host name for the nodes, it is seen on which of them the controller's Pods run. */
function podRules({ host }: RightsPlan): PolicyRule[] {
  return host === undefined ? [core(["pods"], ["list"])] : [];
}

/** Then the nodes' own addresses are read. */
function nodeRules({ exposure, host }: RightsPlan): PolicyRule[] {
  return exposure === "nodeport" && host === undefined ? [core(["nodes"], ["list"])] : [];
}

/**
 * A role and its binding to the controller of `home`, if there are rules: of a namespace, or of
 * all.
 */
function allow(
  home: string,
  name: string,
  namespace: string | undefined,
  rules: PolicyRule[],
): (ObjectOf<V1Role> | ObjectOf<V1RoleBinding>)[] {
  if (rules.length === 0) return [];
  const apiGroup = "rbac.authorization.k8s.io";
  const apiVersion = `${apiGroup}/v1`;
  const kind = namespace === undefined ? "ClusterRole" : "Role";
  return [
    { apiVersion, kind, metadata: metadata(name, namespace), rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata: metadata(name, namespace),
      roleRef: { apiGroup, kind, name },
      subjects: [{ kind: "ServiceAccount", name: controllerName, namespace: home }],
    },
  ];
}

function skupper(resources: string[], verbs: string[]): PolicyRule {
  return { apiGroups: ["skupper.io"], resources, verbs };
}

function core(resources: string[], verbs: string[]): PolicyRule {
  return { apiGroups: [""], resources, verbs };
}
