import assert from "node:assert/strict";
import { test } from "node:test";
import { appError, isAppError } from "../../../src/errors/app_error.ts";
import type { ErrorCode } from "../../../src/errors/catalog.ts";
import type { ClusterManifestOptions } from "../../../src/platform/controller_options.ts";
import { readResources } from "../../../src/resources/yaml.ts";
import { kubernetesManifest } from "./manifest.ts";
import type { KubernetesObject, PolicyRule } from "./objects.ts";

const signal = new AbortController().signal;

interface Probe {
  httpGet: { path: string; port: string };
}

/** The Pod of the Deployment, as far as it is looked at here. */
interface PodSpec {
  enableServiceLinks: boolean;
  terminationGracePeriodSeconds: number;
  containers: [{
    ports: { name: string }[];
    livenessProbe: Probe;
    readinessProbe: Probe;
    securityContext: { readOnlyRootFilesystem: boolean };
  }];
}
const cluster = appError("kubeconfig-missing", { files: "/home/jane/.kube/config" });

function write(options: ClusterManifestOptions) {
  return kubernetesManifest({ namespace: "hawser", version: "1.2.3", cluster }, options, signal);
}

/** The objects of a manifest that leaves out what the whole cluster has. */
async function objectsOf(options: ClusterManifestOptions): Promise<KubernetesObject[]> {
  const { data } = await write({ definitions: false, ...options });
  return (data as { items: KubernetesObject[] }).items;
}

function find(objects: KubernetesObject[], kind: string): KubernetesObject[] {
  return objects.filter((object) => object.kind === kind);
}

/** What the Deployment's container is started with. */
async function commandOf(options: ClusterManifestOptions): Promise<string[]> {
  const [deployment] = find(await objectsOf(options), "Deployment");
  const spec = deployment!["spec"] as {
    template: { spec: { containers: [{ args: string[] }] } };
  };
  return spec.template.spec.containers[0].args;
}

test("text and data hold the same objects", async () => {
  const { text, data } = await write({ definitions: true });
  const { kind, items } = data as { kind: string; items: KubernetesObject[] };
  assert.equal(kind, "List");
  assert.deepEqual(readResources(text, "the manifest"), JSON.parse(JSON.stringify(items)));
});

test("options become the controller's own", async () => {
  const usual = ["controller", "run", "--platform=kubernetes", "--expose=loadbalancer"];
  assert.deepEqual(await commandOf({}), usual);
  assert.deepEqual(
    await commandOf({
      expose: "nodeport",
      grantHost: "grants.example",
      watchNamespaces: ["east", "west"],
    }),
    [
      ...usual.slice(0, 3),
      "--expose=nodeport",
      "--grant-host=grants.example",
      "--watch-namespace=east,west",
    ],
  );
});

test("image and replicas are as asked for, else two of this version", async () => {
  const text = async (options: ClusterManifestOptions) =>
    JSON.stringify(find(await objectsOf(options), "Deployment"));
  assert.match(await text({}), /"replicas":2.*"image":"localhost\/hawser:1\.2\.3"/);
  assert.match(
    await text({ replicas: 5, image: "registry.example/hawser:9" }),
    /"replicas":5.*"image":"registry\.example\/hawser:9"/,
  );
});

test("the Pods are probed, write nowhere, and go one at a time, with time to finish", async () => {
  const objects = await objectsOf({});
  const [deployment] = find(objects, "Deployment");
  const { strategy, template } = deployment!["spec"] as {
    strategy: object;
    template: { metadata: { labels: object }; spec: PodSpec };
  };
  const { spec } = template;
  assert.deepEqual(strategy, {
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
  });
  // variables that Kubernetes makes of Services would be taken for settings
  assert.equal(spec.enableServiceLinks, false);
  // 5 seconds until the endpoint is gone, 30 for what is in flight, 2 for Events
  assert.ok(spec.terminationGracePeriodSeconds > 37);
  const [container] = spec.containers;
  const { livenessProbe, readinessProbe, securityContext, ports } = container;
  assert.deepEqual(livenessProbe.httpGet, { path: "/healthz", port: "operations" });
  assert.deepEqual(readinessProbe.httpGet, { path: "/readyz", port: "operations" });
  assert.ok(ports.some(({ name }) => name === "operations"));
  assert.equal(securityContext.readOnlyRootFilesystem, true);
  const [budget] = find(objects, "PodDisruptionBudget");
  const matchLabels = template.metadata.labels;
  assert.deepEqual(budget!["spec"], { maxUnavailable: 1, selector: { matchLabels } });
});

test("each way of exposing has its objects, and the right to read the address from them", async () => {
  const cases: [ClusterManifestOptions, string[], string[]][] = [
    [{ expose: "loadbalancer" }, ["Service"], ["services"]],
    [{ expose: "nodeport" }, ["Service"], ["services"]],
    [{ expose: "securedaccess" }, ["SecuredAccess"], ["securedaccesses"]],
    [{ expose: "route" }, ["Service", "Route"], ["routes"]],
    [{ expose: "ingress", grantHost: "grants.example" }, ["Service", "Ingress"], []],
    [{ expose: { host: "grants.example", port: 443 } }, ["Service"], []],
  ];
  for (const [options, kinds, readable] of cases) {
    const objects = await objectsOf(options);
    const found = objects.filter(({ metadata }) => metadata.name === "hawser-grants");
    assert.deepEqual(found.map(({ kind }) => kind), kinds);
    const rules = find(objects, "Role").flatMap((role) => role["rules"] as PolicyRule[]);
    const named = rules.filter(({ resourceNames }) => resourceNames?.[0] === "hawser-grants");
    assert.deepEqual(named.flatMap(({ resources }) => resources), readable);
  }
});

test("a Service that is exposed keeps its clients' addresses", async () => {
  for (
    const [expose, type] of [["loadbalancer", "LoadBalancer"], ["nodeport", "NodePort"]] as const
  ) {
    const [service] = find(await objectsOf({ expose }), "Service");
    const { externalTrafficPolicy, ...spec } = service!["spec"] as Record<string, unknown>;
    assert.deepEqual([spec["type"], externalTrafficPolicy], [type, "Local"]);
  }
});

test("nodes are listed only where no host names them", async () => {
  const listsNodes = async (options: ClusterManifestOptions) =>
    JSON.stringify(find(await objectsOf(options), "ClusterRole")).includes('"nodes"');
  assert.ok(await listsNodes({ expose: "nodeport" }));
  assert.ok(await listsNodes({ expose: "nodeport", watchNamespaces: ["west"] }));
  assert.ok(!await listsNodes({ expose: "nodeport", grantHost: "nodes.example" }));
  assert.ok(!await listsNodes({ expose: "loadbalancer" }));
});

test("with namespaces to watch there is no right in any other, nor in the whole cluster", async () => {
  const objects = await objectsOf({ watchNamespaces: ["east", "west"] });
  assert.deepEqual(find(objects, "ClusterRole"), []);
  assert.deepEqual(
    find(objects, "Role").map(({ metadata }) => metadata.namespace),
    ["hawser", "east", "west"],
  );
  const [own] = find(objects, "Role");
  assert.ok(!JSON.stringify(own).includes("skupper.io"));
});

test("a Secret with a certificate is named to the controller, with the right to follow it", async () => {
  const options = { certificateSecret: { name: "tls", pinsNone: true }, watchNamespaces: ["west"] };
  const command = await commandOf(options);
  assert.ok(command.includes("--grant-secret=tls") && command.includes("--grant-ca=system"));
  const [own] = find(await objectsOf(options), "Role");
  const rules = (own!["rules"] as PolicyRule[]).filter(({ resourceNames }) =>
    resourceNames?.[0] === "tls"
  );
  assert.deepEqual(rules, [
    { apiGroups: [""], resources: ["secrets"], verbs: ["list", "watch"], resourceNames: ["tls"] },
  ]);
  const files = { certificate: "c.pem", key: "k.pem" };
  await assertFails({ certificate: files }, "platform-unsupported");
});

test("without a cluster to look at, someone must say whether definitions are to be printed", async () => {
  await assertFails({}, "cluster-unseen");
  const kinds = async (options: ClusterManifestOptions) =>
    (await objectsOf(options)).map(({ kind }) => kind);
  assert.equal((await kinds({ definitions: true }))[0], "Namespace");
  const definitions = await kinds({ definitions: true });
  assert.equal(definitions.filter((kind) => kind === "CustomResourceDefinition").length, 7);
  assert.equal((await kinds({ definitions: false }))[0], "ServiceAccount");
});

test("a role is all that is printed, and needs no cluster", async () => {
  const { data } = await write({ role: "issuer" });
  assert.deepEqual(data, {
    apiVersion: "v1",
    kind: "List",
    items: [{
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "hawser-issuer", namespace: "hawser" },
      rules: [
        { apiGroups: ["skupper.io"], resources: ["sites"], verbs: ["get", "list", "watch"] },
        {
          apiGroups: ["skupper.io"],
          resources: ["accessgrants"],
          verbs: ["get", "list", "watch", "create", "update", "delete"],
        },
      ],
    }],
  });
});

test("options that do not fit are refused", async () => {
  await assertFails({ expose: "ingress" }, "usage");
  await assertFails({ expose: { host: "a.example", port: 1 }, grantHost: "b.example" }, "usage");
  await assertFails({ grantPort: 9090 }, "platform-unsupported");
  await assertFails({ watchNamespaces: ["no_name"] }, "invalid-value");
});

async function assertFails(options: ClusterManifestOptions, code: ErrorCode): Promise<void> {
  await assert.rejects(write(options), (error) => isAppError(error, code));
}
