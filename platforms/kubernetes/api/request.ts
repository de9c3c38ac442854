import type { Kind } from "../../../src/resources/kinds.ts";

/** What RBAC calls a request; `get` and `list` can be told from `watch` by nothing else. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "delete";

/** One request to the API server. */
export interface ApiRequest {
  verb: Verb;
  kind: ApiKind;
  /** Where the API has a kind of which no more is known. */
  at?: DiscoveredResource | undefined;
  /** Undefined for what is in no namespace, and for all namespaces. */
  namespace?: string;
  /** Undefined for a whole collection. */
  name?: string;
  subresource?: string;
  query?: Record<string, string>;
  body?: unknown;
}

/** What the API server's discovery tells of one of Skupper's resources. */
export interface DiscoveredResource {
  version: string;
  plural: string;
}

/** Where the API has a kind. */
interface ApiResource {
  group: string;
  version: string;
  plural: string;
  /** True if the status is written apart from the rest. */
  hasStatus: boolean;
}

/**
 * What is only read or removed, or written by the controller alone, beside the kinds that platforms
 * store.
 */
type ClusterKind =
  | "ApiGroup"
  | "AttachedConnector"
  | "AttachedConnectorBinding"
  | "Connector"
  | "Deployment"
  | "Event"
  | "Listener"
  | "MultiKeyListener"
  | "Namespace"
  | "Node"
  | "Pod"
  | "Route"
  | "SecuredAccess"
  | "SelfSubjectAccessReview"
  | "Service"
  | "SkupperResource";

/** The kinds of object that requests are about. */
export type ApiKind = Kind | ClusterKind;

export const apiResources: Record<ApiKind, ApiResource> = {
  Site: skupper("sites"),
  Link: skupper("links"),
  AccessGrant: skupper("accessgrants"),
  AccessToken: skupper("accesstokens"),
  RouterAccess: skupper("routeraccesses"),
  SecuredAccess: skupper("securedaccesses"),
  Listener: skupper("listeners"),
  Connector: skupper("connectors"),
  MultiKeyListener: skupper("multikeylisteners"),
  AttachedConnector: skupper("attachedconnectors"),
  AttachedConnectorBinding: skupper("attachedconnectorbindings"),
  // any of them: `at` says which
  SkupperResource: skupper(""),
  Secret: core("secrets"),
  Service: core("services"),
  Event: core("events"),
  Namespace: core("namespaces"),
  Node: core("nodes"),
  Pod: core("pods"),
  Deployment: builtIn("apps", "deployments"),
  Route: builtIn("route.openshift.io", "routes"),
  SelfSubjectAccessReview: builtIn("authorization.k8s.io", "selfsubjectaccessreviews"),
  // what the API serves: its name is a group's, its subresource one of the group's versions
  ApiGroup: { group: "", version: "", plural: "apis", hasStatus: false },
};

const methods: Record<Verb, string> = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  update: "PUT",
  delete: "DELETE",
};

/** The HTTP method of a request. */
export function methodOf(request: ApiRequest): string {
  return methods[request.verb];
}

/** The path and query of a request, below the server's own path. */
export function pathOf(request: ApiRequest): string {
  const { namespace, name, subresource, at } = request;
  const { group, version, plural } = { ...apiResources[request.kind], ...at };
  const parts = [
    ...(version === "" ? [] : [group === "" ? "api" : `apis/${group}`, version]),
    ...(namespace === undefined ? [] : ["namespaces", encodeURIComponent(namespace)]),
    plural,
    // what is created is named by its body
    ...(name === undefined || request.verb === "create" ? [] : [encodeURIComponent(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  const query = new URLSearchParams(request.query).toString();
  return `/${parts.join("/")}${query === "" ? "" : `?${query}`}`;
}

/**
 * The resource as RBAC and kubectl name it: `accessgrants.skupper.io`, `sites.skupper.io/status`.
 */
export function resourceOf({ kind, subresource, at }: ApiRequest): string {
  const { group, plural } = { ...apiResources[kind], ...at };
  return plural + (group === "" ? "" : `.${group}`) +
    (subresource === undefined ? "" : `/${subresource}`);
}

function core(plural: string): ApiResource {
  return { group: "", version: "v1", plural, hasStatus: false };
}

function builtIn(group: string, plural: string): ApiResource {
  return { group, version: "v1", plural, hasStatus: false };
}

function skupper(plural: string): ApiResource {
  return { group: "skupper.io", version: "v2alpha1", plural, hasStatus: true };
}
