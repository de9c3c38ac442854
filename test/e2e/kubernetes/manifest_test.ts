import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ApiFailure } from "../../testbed/kubernetes/admin_client.ts";
import { kubectl } from "../../testbed/kubernetes/kubectl.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { type KubernetesTestbed, startKubernetes } from "../../testbed/kubernetes/start.ts";
import { eventually } from "../stage/eventually.ts";
import { type CallOptions, inSandbox, type Sandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** No platform is named: Kubernetes is the usual one. */
const onKubernetes = { SKUPPER_PLATFORM: undefined, HAWSER_DATA_HOME: undefined };

/** A ServiceAccount, its roles, what exposes the service, a Deployment and its budget. */
const controllerKinds = [
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "ClusterRole",
  "ClusterRoleBinding",
  "Service",
  "Deployment",
  "PodDisruptionBudget",
];

test(
  "without a cluster the manifest is still printed, once it is said whether with definitions",
  inSandbox(async (sandbox) => {
    const options = { env: onKubernetes };
    assertRefused(
      await sandbox.hawser(["controller", "manifest"], options),
      3,
      "error: Cannot see what the cluster lacks: Cannot find a Kubernetes cluster: there is no [WILDCARD]",
      "hint: --crds prints Skupper's resource definitions and the namespace too, --no-crds leaves them out.",
    );
    const without = await sandbox.succeed(["controller", "manifest", "--no-crds"], options);
    assert.deepEqual(kindsOf(without.stdout), controllerKinds);
    const whole = await sandbox.succeed(["controller", "manifest", "--crds"], options);
    assert.equal(kindsOf(whole.stdout).length, controllerKinds.length + 8);
    assert.equal((await sandbox.hawser(["site", "status"], options)).code, 3);
  }),
);

test(
  "options that do not fit are refused",
  inSandbox(async (sandbox) => {
    const manifest = (...args: string[]) =>
      sandbox.hawser(["controller", "manifest", "--no-crds", ...args], { env: onKubernetes });
    assertRefused(
      await manifest("--expose", "telepathy"),
      2,
      'error: Invalid value "telepathy" for --expose: it must be one of securedaccess, loadbalancer, ingress, route, nodeport, or host:port',
    );
    assertRefused(
      await manifest("--expose", "ingress"),
      2,
      "error: --expose ingress needs --grant-host: an Ingress passes TLS on by its host name",
      "hint: Name a host that leads to the ingress controller.",
    );
    assert.equal((await manifest("--role", "king")).code, 2);
    assert.equal((await manifest("--replicas", "0")).code, 2);
    assert.equal((await manifest("--watch-namespace", "a,,b")).code, 2);
    assert.equal((await manifest("--grant-port", "9090")).code, 3);
    assert.equal((await manifest("--operations-port", "9000")).code, 3);
  }),
);

if (missingForKubernetes !== undefined) {
  test(`the manifest on an API server (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("the manifest on an API server", () => {
    let testbed: KubernetesTestbed;

    before(async () => {
      testbed = await startKubernetes();
    });

    after(() => testbed.stop());

    /** Calls `controller manifest` as the administrator. */
    async function manifest(sandbox: Sandbox, ...args: string[]): Promise<string> {
      const words = ["controller", "manifest", ...args];
      return (await sandbox.succeed(words, administrator())).stdout;
    }

    function administrator(): CallOptions {
      return { env: { ...onKubernetes, KUBECONFIG: testbed.kubeconfig } };
    }

    function apply(text: string, ...args: string[]): string {
      return kubectl(testbed, ["apply", "--validate=strict", ...args, "-f", "-"], text);
    }

    test(
      "is taken as it is, in a namespace that it makes",
      inSandbox(async (sandbox) => {
        const text = await manifest(sandbox, "-n", "first");
        assert.deepEqual(kindsOf(text), ["Namespace", ...controllerKinds]);
        apply(text);
        const again = await manifest(sandbox, "-n", "first");
        assert.deepEqual(kindsOf(again), controllerKinds);
        const changed = apply(again).trim().split("\n").filter((line) => !/ unchanged$/.test(line));
        // kubectl replaces the selector of a budget, changed or not
        assert.deepEqual(changed, ["poddisruptionbudget.policy/hawser-controller configured"]);
      }),
    );

    test(
      "is taken with every way of exposing, in JSON and for some namespaces only",
      inSandbox(async (sandbox) => {
        const [own, east, west] = [
          await testbed.createNamespace(),
          await testbed.createNamespace(),
          await testbed.createNamespace(),
        ];
        const ways = [
          ["--expose", "nodeport"],
          ["--expose", "securedaccess"],
          ["--expose", "grants.example:443"],
          ["--expose", "ingress", "--grant-host", "grants.example"],
          ["--watch-namespace", `${east},${west}`, "--replicas", "3"],
        ];
        for (const way of ways) {
          apply(await manifest(sandbox, "-n", own, ...way), "--dry-run=server");
          apply(await manifest(sandbox, "-n", own, "-o", "json", ...way), "--dry-run=server");
        }
      }),
    );

    test(
      "makes pods that the standard restricted admits",
      inSandbox(async (sandbox) => {
        const namespace = await testbed.createNamespace();
        await testbed.admin.call("PATCH", `/api/v1/namespaces/${namespace}`, {
          metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
        });
        const { items } = JSON.parse(await manifest(sandbox, "-n", namespace, "-o", "json"));
        const { template } = items.find(({ kind }: { kind: string }) => kind === "Deployment").spec;
        const pods = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
        const pod = { metadata: { ...template.metadata, name: "controller" }, spec: template.spec };
        await testbed.admin.call("POST", pods, pod);
        const loose = { ...pod, spec: { ...pod.spec, securityContext: {} } };
        await assert.rejects(
          testbed.admin.call("POST", pods, loose),
          (error) => error instanceof ApiFailure && error.status === 403,
        );
      }),
    );

    test(
      "holds the definitions that the cluster lacks",
      inSandbox(async (sandbox) => {
        const name = "links.skupper.io";
        await testbed.admin.call("DELETE", `${definitions}/${name}`);
        await eventually(async () => !(await served(testbed)).includes("links"));
        const text = await manifest(sandbox);
        assert.deepEqual(kindsOf(text), ["CustomResourceDefinition", ...controllerKinds]);
        assert.match(text, /^ {2}name: links\.skupper\.io$/m);
        kubectl(testbed, ["apply", "--server-side", "-f", "-"], text);
        await eventually(async () => (await served(testbed)).includes("links"));
      }),
    );

    test(
      "cannot be made for a cluster that does not answer, unless it need not be asked",
      inSandbox(async (sandbox) => {
        await testbed.interrupt();
        try {
          const args = ["controller", "manifest"];
          const outcome = await sandbox.hawser(args, administrator());
          assert.equal(outcome.code, 3);
          assert.match(outcome.stderr, /^error: Cannot see what the cluster lacks: Cannot reach /m);
          await sandbox.succeed([...args, "--no-crds"], administrator());
        } finally {
          await testbed.restart();
        }
      }),
    );
  });
}

function kindsOf(text: string): string[] {
  return Array.from(text.matchAll(/^kind: (\w+)$/gm), ([, kind]) => kind!);
}

/** The plural names of Skupper's resources that the API server serves. */
async function served(testbed: KubernetesTestbed): Promise<string[]> {
  const list = await testbed.admin.call("GET", "/apis/skupper.io/v2alpha1");
  return list.resources.map(({ name }: { name: string }) => name);
}
