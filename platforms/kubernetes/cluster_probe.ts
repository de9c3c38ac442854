import { isAppError } from "../../src/errors/app_error.ts";
import type { ControllerStatus } from "../../src/platform/abilities.ts";
import type { ClusterStatus, CommandRights } from "../../src/platform/cluster_status.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { Kind } from "../../src/resources/kinds.ts";
import type { Site } from "../../src/resources/site.ts";
import type { ApiClient } from "./api_client.ts";
import { resourceOf, type Verb } from "./api_request.ts";
import { commandRights, policyNames, type Rights, rightsOf } from "./command_rights.ts";
import { seeControllers } from "./seen_controllers.ts";
import { listSkupperResources } from "./served_resources.ts";

/** What sites, links and tokens need. */
const needed = ["sites", "links", "accessgrants", "accesstokens"];

/**
 * Who reconciles in the platform's namespace, the resources of Skupper that there are, and what this user
 * may do; less where the user may see less. Throws what `ApiClient.send` throws.
 */
export async function probeCluster(
  api: ApiClient,
  platform: Platform,
  signal: AbortSignal,
): Promise<ControllerStatus> {
  const { namespace } = platform;
  const [{ controllers, seesAll }, served, commands] = await Promise.all([
    listSites(platform, signal).then((sites) => seeControllers(api, namespace, sites, signal)),
    listSkupperResources(api, signal),
    reviewCommands(api, namespace, signal),
  ]);
  const names = [...new Set([...needed, ...served.keys()])].sort();
  const cluster: ClusterStatus = {
    namespace,
    controllers,
    seesAll,
    resources: names.map((name) => ({
      name: `${name}.skupper.io`,
      versions: served.get(name) ?? [],
    })),
    commands,
  };
  // of one that only a site names it can't be seen whether it runs
  return { running: controllers.some(({ ready }) => ready !== 0), home: api.url, cluster };
}

/** None where the user may not list them, or they are not installed. */
async function listSites(platform: Platform, signal: AbortSignal): Promise<Site[]> {
  try {
    return await platform.list("Site", signal);
  } catch (error) {
    if (isAppError(error, "forbidden", "crd-missing")) return [];
    throw error;
  }
}

async function reviewCommands(
  api: ApiClient,
  namespace: string,
  signal: AbortSignal,
): Promise<CommandRights[]> {
  const reviews = new Map<string, Promise<boolean>>();
  function isAllowed(kind: Kind, verb: Verb): Promise<boolean> {
    const key = `${verb} ${kind}`;
    const review = reviews.get(key) ?? reviewAccess(api, namespace, kind, verb, signal);
    reviews.set(key, review);
    return review;
  }
  return await Promise.all(
    Object.entries(commandRights).map(async ([command, rights]) => ({
      command,
      missing: await findMissing(rights, isAllowed),
    })),
  );
}

async function findMissing(
  rights: Rights,
  isAllowed: (kind: Kind, verb: Verb) => Promise<boolean>,
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
  kind: Kind,
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
