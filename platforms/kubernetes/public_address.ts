import type { V1NodeList, V1PodList, V1Service } from "@kubernetes/client-node";
import type { Address, Exposure } from "../../src/platform/exposure.ts";
import type { ApiClient } from "./api/client.ts";
import type { ApiKind } from "./api/request.ts";
import { controllerName, grantPort, grantServiceName } from "./deployed_names.ts";

/**
 * What the manifest's objects look like once the cluster has seen to them, as far as is read here.
 */
interface SecuredAccessObject {
  status?: { endpoints?: { host?: string; port?: string }[] };
}

interface RouteObject {
  status?: { ingress?: { host?: string }[] };
}

/** TLS is passed through where the port can't be chosen. */
const tlsPort = 443;

/**
 * Where the grant service is reached from outside, by the objects that `controller manifest` makes
 * in `namespace`; undefined while the cluster has not given an address. `host`, where given, is the
 * name to use in place of what the cluster says. Throws what `ApiClient.send` throws.
 */
export async function findPublicAddress(
  api: ApiClient,
  namespace: string,
  exposure: Exposure,
  host: string | undefined,
  signal: AbortSignal,
): Promise<Address | undefined> {
  // what each kind looks like is its API's contract
  const read = <T>(kind: ApiKind): Promise<T> =>
    api.send({ verb: "get", kind, namespace, name: grantServiceName }, signal) as Promise<T>;

  if (typeof exposure === "object") return exposure;
  switch (exposure) {
    case "securedaccess": {
      const [endpoint] = (await read<SecuredAccessObject>("SecuredAccess")).status?.endpoints ?? [];
      return address(host ?? endpoint?.host, Number(endpoint?.port));
    }
    case "loadbalancer": {
      const { status } = await read<V1Service>("Service");
      const [ingress] = status?.loadBalancer?.ingress ?? [];
      return address(host ?? (ingress?.ip || ingress?.hostname), grantPort);
    }
    case "nodeport": {
      const { spec } = await read<V1Service>("Service");
      return address(host ?? await findNode(api, namespace, signal), spec?.ports?.[0]?.nodePort);
    }
    case "route": {
      const [ingress] = (await read<RouteObject>("Route")).status?.ingress ?? [];
      return address(host ?? ingress?.host, tlsPort);
    }
    case "ingress":
      return address(host, tlsPort);
  }
}

/**
 * An address of a node that runs a replica, since others don't pass connections on: one that is
 * reachable from outside where they have such. Of any node where no replica runs in the cluster.
 */
async function findNode(
  api: ApiClient,
  namespace: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const query = { labelSelector: `app.kubernetes.io/name=${controllerName}` };
  const pods = await api.send({ verb: "list", kind: "Pod", namespace, query }, signal) as V1PodList;
  const running = new Set(
    pods.items.filter(({ metadata, status }) =>
      status?.phase === "Running" && metadata?.deletionTimestamp === undefined
    ).map(({ spec }) => spec?.nodeName),
  );
  const { items } = await api.send({ verb: "list", kind: "Node" }, signal) as V1NodeList;
  const addresses = items
    .filter(({ metadata }) => running.size === 0 || running.has(metadata?.name))
    .flatMap(({ status }) => status?.addresses ?? []);
  const find = (type: string) => addresses.find((one) => one.type === type)?.address;
  return find("ExternalIP") ?? find("InternalIP");
}

function address(host: string | undefined, port: number | undefined): Address | undefined {
  return host && port ? { host, port } : undefined;
}
