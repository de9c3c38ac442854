import { isAppError } from "../../src/errors/app_error.ts";
import type { ClusterController } from "../../src/platform/cluster_status.ts";
import type { Site } from "../../src/resources/site.ts";
import type { ApiClient } from "./api/client.ts";
import { controllerName } from "./deployed_names.ts";

/** A Deployment, as far as is read here. */
interface Deployment {
  metadata: { name: string; namespace: string };
  spec: {
    replicas?: number;
    template: { spec: { containers: Container[] } };
  };
  status?: { readyReplicas?: number };
}

interface Container {
  image?: string;
  args?: string[];
  env?: { name: string; value?: string; valueFrom?: object }[];
}

/** What the Deployments of controllers are called (docs/spec/skupper-kubernetes.md 6). */
const programs = { "skupper-controller": "skupper", [controllerName]: "hawser" } as const;

/**
 * The controllers that serve `namespace`: those of the whole cluster, or where the user may not
 * look there of the namespace itself, and upstream's where a site names it. Throws what
 * `ApiClient.send` throws.
 */
export async function seeControllers(
  api: ApiClient,
  namespace: string,
  sites: Site[],
  signal: AbortSignal,
): Promise<{ controllers: ClusterController[]; seesAll: boolean }> {
  const everywhere = await findDeployments(api, undefined, signal);
  const found = everywhere ?? await findDeployments(api, namespace, signal) ?? [];
  const controllers = found
    .map(describe)
    .filter(({ namespaces }) => namespaces?.includes(namespace) ?? true);
  for (const site of sites) {
    const named = controllerOf(site);
    if (named !== undefined) note(controllers, named);
  }
  return { controllers, seesAll: everywhere !== undefined };
}

/** Deployments of controllers; undefined where the user may not see them. */
async function findDeployments(
  api: ApiClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<Deployment[] | undefined> {
  const where = namespace === undefined ? {} : { namespace };
  const search = async (name: string) => {
    const query = { fieldSelector: `metadata.name=${name}` };
    const list = await api.send({ verb: "list", kind: "Deployment", ...where, query }, signal);
    return (list as { items: Deployment[] }).items; // as the API of Deployments has it
  };
  try {
    return (await Promise.all(Object.keys(programs).map(search))).flat();
  } catch (error) {
    if (isAppError(error, "forbidden")) return undefined;
    throw error;
  }
}

function describe({ metadata, spec, status }: Deployment): ClusterController {
  const { name, namespace } = metadata;
  const program = programs[name as keyof typeof programs]; // the search was for these names
  const container = spec.template.spec.containers[0] ?? {};
  const version = tagOf(container.image);
  const namespaces = program === "hawser"
    ? optionOf(container, "--watch-namespace")?.split(",")
    : watchedByUpstream(container, namespace);
  return {
    name,
    namespace,
    program,
    ...(version === undefined ? {} : { version }),
    ready: status?.readyReplicas ?? 0,
    wanted: spec.replicas ?? 1,
    grants: program === "hawser" || servesGrants(container),
    ...(namespaces === undefined ? {} : { namespaces }),
  };
}

/** Upstream's -enable-grants, as Go reads flags, or its variable. */
function servesGrants(container: Container): boolean {
  const flag = container.args?.findLast((arg) => /^--?enable-grants(=|$)/.test(arg));
  const value = flag === undefined
    ? variableOf(container, "SKUPPER_ENABLE_GRANTS")?.value ?? "false"
    : flag.split("=")[1] ?? "true";
  return /^(1|t|true)$/i.test(value);
}

function watchedByUpstream(container: Container, own: string): string[] | undefined {
  const variable = variableOf(container, "WATCH_NAMESPACE");
  if (variable?.valueFrom !== undefined) return [own];
  return variable?.value ? [variable.value] : undefined;
}

function variableOf({ env = [] }: Container, name: string) {
  return env.find((variable) => variable.name === name);
}

function optionOf({ args = [] }: Container, name: string): string | undefined {
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The tag of an image's name; a port of its registry is none. */
function tagOf(image = ""): string | undefined {
  return /:([^:/@]+)(@.*)?$/.exec(image)?.[1];
}

/** Upstream's controller enters itself into the sites it handles. */
function controllerOf({ status }: Site): ClusterController | undefined {
  const { name, namespace, version } = status?.controller ?? {};
  if (!name || !namespace) return undefined;
  return { name, namespace, program: "skupper", ...(version ? { version } : {}) };
}

function note(controllers: ClusterController[], named: ClusterController): void {
  const known = controllers.find(({ name, namespace }) =>
    name === named.name && namespace === named.namespace
  );
  if (known === undefined) controllers.push(named);
  else if (named.version !== undefined) known.version = named.version;
}
