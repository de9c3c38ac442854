import { type Role, roles } from "../../src/platform/rights_probe.ts";
import { kindsInOrder } from "../../src/resources/kind_words.ts";
import type { Kind } from "../../src/resources/kinds.ts";
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
  "get": onEach(kindsInOrder, ["get", "list"]),
  "describe": onEach(kindsInOrder, ["get", "list"]),
  "apply": onEach(kindsInOrder, ["get", "create", "update"]),
  "delete": onEach(kindsInOrder, ["get", "delete"]),
  "wait": onEach(["Site", "Link", "AccessGrant", "AccessToken"], ["list", "watch"]),
};

function onEach(about: readonly Kind[], verbs: readonly Verb[]): Rights {
  return Object.fromEntries(about.map((kind) => [kind, verbs]));
}

/** What a person does: by which commands, and with which kinds by those that take any. */
interface Work {
  commands: readonly string[];
  reads: readonly Kind[];
  changes: readonly Kind[];
}

/**
 * Secrets are the admin's alone: the right to read them can't be bounded to those of links. Who may
 * make and delete grants or tokens gains nothing by changing them.
 */
const roleWork: Record<Role, Work> = {
  issuer: {
    commands: ["token issue", "grant list", "grant status", "grant revoke", "site status"],
    reads: ["Site", "AccessGrant"],
    changes: ["AccessGrant"],
  },
  redeemer: {
    commands: ["token redeem", "token status", "link status", "site status", "network"],
    reads: ["Site", "AccessToken", "Link"],
    changes: ["AccessToken"],
  },
  admin: { commands: Object.keys(commandRights), reads: kindsInOrder, changes: kindsInOrder },
};

const readers = ["get", "describe", "wait"];
const changers = ["apply", "delete"];

/** The least rights for the work of a role. */
export function roleRights(role: Role): Rights {
  const { commands, reads, changes } = roleWork[role];
  return combineRights([
    ...commands.map((command) => commandRights[command]!),
    ...readers.map((command) => rightsOn(command, reads)!),
    ...changers.map((command) => rightsOn(command, changes)!),
  ]);
}

/**
 * The rights that a command takes, of one that takes any kind those for the kinds that it is about;
 * undefined where that is not known.
 */
export function rightsOn(command: string, about: readonly Kind[]): Rights | undefined {
  const rights = commandRights[command];
  if (rights === undefined || !takesAnyKind(command)) return rights;
  return Object.fromEntries(about.map((kind) => [kind, rights[kind] ?? []]));
}

/** True for a command whose words name kinds of resources. */
export function takesAnyKind(command: string): boolean {
  return [...readers, ...changers].includes(command);
}

/** The least role that has all of these rights. */
export function leastRole(rights: Rights): Role {
  const found = roles.find((role) => {
    const has = roleRights(role);
    return rightsOf(rights).every(([kind, verbs]) =>
      verbs.every((verb) => has[kind]?.includes(verb) === true)
    );
  });
  return found ?? "admin";
}

function combineRights(all: readonly Rights[]): Rights {
  const combined: Partial<Record<ApiKind, Verb[]>> = {};
  for (const [kind, verbs] of all.flatMap(rightsOf)) {
    const known = [...combined[kind] ?? [], ...verbs];
    combined[kind] = verbOrder.filter((verb) => known.includes(verb));
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
