import type { MissingRights } from "../../src/platform/rights_probe.ts";
import type { Kind } from "../../src/resources/kinds.ts";
import type { CommandRights } from "../../src/platform/cluster_status.ts";
import type { ApiClient } from "./api/client.ts";
import { type ApiKind, resourceOf, type Verb } from "./api/request.ts";
import {
  commandRights,
  leastRole,
  policyNames,
  type Rights,
  rightsOf,
  rightsOn,
  takesAnyKind,
} from "./command_rights.ts";

/**
 * Which of their rights each command lacks for this user, but for those that take any kind. Throws
 * what `ApiClient.send` throws.
 */
export async function reviewCommands(
  api: ApiClient,
  namespace: string,
  signal: AbortSignal,
): Promise<CommandRights[]> {
  const isAllowed = reviewer(api, namespace, signal);
  return await Promise.all(
    Object.entries(commandRights).filter(([command]) => !takesAnyKind(command)).map(async (
      [command, rights],
    ) => ({
      command,
      missing: await findMissing(rights, isAllowed),
    })),
  );
}

/**
 * All rights that a command needs and this user lacks, for the kinds that it is `about` where it
 * takes any, and the least role that has them; undefined where it is not known what the command
 * needs. Throws what `ApiClient.send` throws.
 */
export async function reviewCommand(
  api: ApiClient,
  namespace: string,
  command: string,
  about: readonly Kind[],
  signal: AbortSignal,
): Promise<MissingRights | undefined> {
  const rights = rightsOn(command, about);
  if (rights === undefined) return undefined;
  const missing = await findMissing(rights, reviewer(api, namespace, signal));
  return { command, missing, role: leastRole(rights), namespace };
}

/** Asks once for each right. */
function reviewer(api: ApiClient, namespace: string, signal: AbortSignal) {
  const reviews = new Map<string, Promise<boolean>>();
  return (kind: ApiKind, verb: Verb): Promise<boolean> => {
    const key = `${verb} ${kind}`;
    const review = reviews.get(key) ?? reviewAccess(api, namespace, kind, verb, signal);
    reviews.set(key, review);
    return review;
  };
}

async function findMissing(
  rights: Rights,
  isAllowed: (kind: ApiKind, verb: Verb) => Promise<boolean>,
): Promise<string[]> {
  const pairs = rightsOf(rights).flatMap(([kind, verbs]) =>
    verbs.map((verb) => [kind, verb] as const)
  );
  const missing = await Promise.all(pairs.map(async ([kind, verb]) => {
    return await isAllowed(kind, verb) ? [] : [`${verb} ${resourceOf({ verb, kind })}`];
  }));
  return missing.flat();
}

/** Whether this user may do that; every user may ask. */
async function reviewAccess(
  api: ApiClient,
  namespace: string,
  kind: ApiKind,
  verb: Verb,
  signal: AbortSignal,
): Promise<boolean> {
  const body = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { namespace, verb, ...policyNames(kind) } },
  };
  const answer = await api.send({ verb: "create", kind: "SelfSubjectAccessReview", body }, signal);
  return (answer as { status?: { allowed?: boolean } }).status?.allowed === true;
}
