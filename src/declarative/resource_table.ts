import type { Resource } from "../resources/kinds.ts";
import { relativeTime } from "../wait/duration.ts";

type Column = [heading: string, value: (resource: Resource) => unknown];

const ofStatus = (field: string) => (resource: Resource) =>
  (resource.status as Record<string, unknown> | undefined)?.[field];
const ofSpec = (field: string) => (resource: Resource) =>
  (resource as { spec?: Record<string, unknown> }).spec?.[field];

const state: Column = ["STATUS", ofStatus("status")];
const message: Column = ["MESSAGE", ofStatus("message")];

/** The columns of each kind's resource definition, as kubectl prints them. */
const columns: Record<Resource["kind"], Column[]> = {
  Site: [state, ["SITES IN NETWORK", ofStatus("sitesInNetwork")], message],
  Link: [state, ["REMOTE SITE", ofStatus("remoteSiteName")], message],
  AccessGrant: [
    ["REDEMPTIONS ALLOWED", ofSpec("redemptionsAllowed")],
    ["REDEMPTIONS MADE", ofStatus("redemptions")],
    ["EXPIRATION", ofStatus("expirationTime")],
    state,
    message,
  ],
  AccessToken: [["URL", ofSpec("url")], ["REDEEMED", ofStatus("redeemed")], state, message],
  RouterAccess: [state, message],
  Secret: [
    ["TYPE", (secret) => (secret as { type?: string }).type ?? "Opaque"],
    ["DATA", (secret) => Object.keys((secret as { data?: object | null }).data ?? {}).length],
  ],
};

/** What `-o wide` adds. */
const wideColumns: Partial<Record<Resource["kind"], Column[]>> = {
  Site: [["LINK ACCESS", ofSpec("linkAccess")], ["EDGE", ofSpec("edge")]],
  Link: [["COST", ofSpec("cost")], ["CREDENTIALS", ofSpec("tlsCredentials")]],
  AccessGrant: [["WINDOW", ofSpec("expirationWindow")], ["URL", ofStatus("url")]],
  AccessToken: [["COST", ofSpec("linkCost")]],
  RouterAccess: [["CREDENTIALS", ofSpec("tlsCredentials")], ["ISSUER", ofSpec("issuer")]],
};

/** A heading and a row for each resource of one kind; `now` is in milliseconds since 1970. */
export function resourceRows(
  resources: Resource[],
  { wide, withKind, now }: { wide: boolean; withKind: boolean; now: number },
): string[][] {
  const kind = resources[0]!.kind;
  const age: Column = ["AGE", (resource) => ageOf(resource, now)];
  const shown = [
    ...columns[kind],
    ...(kind === "Secret" ? [age] : []),
    ...(wide ? [...wideColumns[kind] ?? [], ...(kind === "Secret" ? [] : [age])] : []),
  ];
  return [
    ["NAME", ...shown.map(([heading]) => heading)],
    ...resources.map((resource) => [
      withKind ? `${qualified(resource)}/${resource.metadata.name}` : resource.metadata.name,
      ...shown.map(([, value]) => String(value(resource) ?? "")),
    ]),
  ];
}

function qualified({ kind, apiVersion }: Resource): string {
  return kind.toLowerCase() + (apiVersion === "v1" ? "" : ".skupper.io");
}

function ageOf({ metadata }: Resource, now: number): string {
  if (!metadata.creationTimestamp) return "<unknown>";
  return relativeTime(metadata.creationTimestamp, now).replace(/^in | ago$/, "");
}
