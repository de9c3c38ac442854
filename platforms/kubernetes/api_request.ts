import type { Kind } from "../../src/resources/kinds.ts";

/** What RBAC calls a request; `get` and `list` can be told from `watch` by nothing else. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "delete";

/** One request to the API server. */
export interface ApiRequest {
  verb: Verb;
  kind: Kind;
  namespace: string;
  /** Undefined for a whole collection. */
  name?: string;
  subresource?: "status";
  query?: Record<string, string>;
  body?: unknown;
}

/** Where the API has a kind. */
interface ApiResource {
  group: string;
  version: string;
  plural: string;
  /** True if the status is written apart from the rest. */
  hasStatus: boolean;
}

export const apiResources: Record<Kind, ApiResource> = {
  Site: skupper("sites"),
  Link: skupper("links"),
  AccessGrant: skupper("accessgrants"),
  AccessToken: skupper("accesstokens"),
  RouterAccess: skupper("routeraccesses"),
  Secret: { group: "", version: "v1", plural: "secrets", hasStatus: false },
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
  const { group, version, plural } = apiResources[request.kind];
  const parts = [
    group === "" ? "api" : `apis/${group}`,
    version,
    "namespaces",
    encodeURIComponent(request.namespace),
    plural,
    ...(request.name === undefined ? [] : [encodeURIComponent(request.name)]),
    ...(request.subresource === undefined ? [] : [request.subresource]),
  ];
  const query = new URLSearchParams(request.query).toString();
  return `/${parts.join("/")}${query === "" ? "" : `?${query}`}`;
}

/** The resource as RBAC and kubectl name it: `accessgrants.skupper.io`, `sites.skupper.io/status`. */
export function resourceOf({ kind, subresource }: ApiRequest): string {
  const { group, plural } = apiResources[kind];
  return plural + (group === "" ? "" : `.${group}`) +
    (subresource === undefined ? "" : `/${subresource}`);
}

function skupper(plural: string): ApiResource {
  return { group: "skupper.io", version: "v2alpha1", plural, hasStatus: true };
}
