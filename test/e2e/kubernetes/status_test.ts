import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ClusterStatus } from "../../../src/platform/cluster_status.ts";
import { kubectl } from "../../testbed/kubernetes/kubectl.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { type KubernetesTestbed, startKubernetes } from "../../testbed/kubernetes/start.ts";
import { eventually } from "../stage/eventually.ts";
import { type CallOptions, inSandbox, type Sandbox } from "../stage/harness.ts";

const onKubernetes = { SKUPPER_PLATFORM: undefined, HAWSER_DATA_HOME: undefined };

if (missingForKubernetes !== undefined) {
  test(`controller status on a cluster (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("controller status on a cluster", () => {
    let testbed: KubernetesTestbed;

    before(async () => {
      testbed = await startKubernetes();
    });

    after(() => testbed.stop());

    function as(kubeconfig: string): CallOptions {
      return { env: { ...onKubernetes, KUBECONFIG: kubeconfig } };
    }

    async function look(
      sandbox: Sandbox,
      namespace: string,
      kubeconfig = testbed.kubeconfig,
    ): Promise<{ code: number | null; status: ClusterStatus }> {
      const args = ["controller", "status", "-n", namespace, "-o", "json"];
      const { code, stdout } = await sandbox.hawser(args, as(kubeconfig));
      return { code, status: JSON.parse(stdout).cluster };
    }

    /** A Deployment as upstream's installation has it, with what else its container is to have. */
    async function deployUpstream(namespace: string, container: object): Promise<void> {
      const labels = { application: "skupper-controller" };
      const image = "quay.io:443/skupper/controller:2.2.1";
      const containers = [{ name: "controller", image, ...container }];
      await testbed.admin.call("POST", `/apis/apps/v1/namespaces/${namespace}/deployments`, {
        metadata: { name: "skupper-controller" },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers } },
        },
      });
    }

    async function setReady(namespace: string, name: string, readyReplicas: number): Promise<void> {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/status`;
      const counts = { replicas: readyReplicas, readyReplicas, availableReplicas: readyReplicas };
      await testbed.admin.call("PATCH", path, { status: counts });
    }

    async function remove(namespace: string, name: string): Promise<void> {
      await testbed.admin.call(
        "DELETE",
        `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
      );
    }

    test(
      "says that none serves, and how to have one",
      inSandbox(async (sandbox) => {
        const namespace = await testbed.createNamespace();
        const args = ["controller", "status", "-n", namespace];
        const { code, stdout, stderr } = await sandbox.hawser(args, as(testbed.kubeconfig));
        assert.equal(code, 3);
        assert.match(stdout, /^No controller serves the namespace\.$/m);
        assert.equal(
          stderr,
          `error: No controller is running for namespace "${namespace}" of ${testbed.url}\n` +
            `hint: hawser controller manifest -n ${namespace} | kubectl apply -f -\n`,
        );
      }),
    );

    test(
      "tells this program's controller and its replicas",
      inSandbox(async (sandbox) => {
        const [home, west, east] = [
          await testbed.createNamespace(),
          await testbed.createNamespace(),
          await testbed.createNamespace(),
        ];
        const args = ["controller", "manifest", "-n", home, "--watch-namespace", west];
        const image = ["--image", "registry.example:5000/hawser:1.2.3"];
        const { stdout } = await sandbox.succeed([...args, ...image], as(testbed.kubeconfig));
        kubectl(testbed, ["apply", "-f", "-"], stdout);
        assert.equal((await look(sandbox, west)).code, 3);
        await setReady(home, "hawser-controller", 1);
        const { code, status } = await look(sandbox, west);
        assert.equal(code, 0);
        assert.deepEqual(status.controllers, [{
          name: "hawser-controller",
          namespace: home,
          program: "hawser",
          version: "1.2.3",
          ready: 1,
          wanted: 2,
          grants: true,
          namespaces: [west],
        }]);
        assert.equal((await look(sandbox, east)).code, 3);
        await remove(home, "hawser-controller");
      }),
    );

    test(
      "tells Skupper's controllers, and whether they serve grants",
      inSandbox(async (sandbox) => {
        const [home, west] = [await testbed.createNamespace(), await testbed.createNamespace()];
        const grants = async () =>
          (await look(sandbox, west)).status.controllers.map((one) => one.grants);
        const cases: [object, (boolean | undefined)[]][] = [
          [{ args: ["-enable-grants", "-grant-server-autoconfigure"] }, [true]],
          [{ args: ["--enable-grants=false"] }, [false]],
          [{ env: [{ name: "SKUPPER_ENABLE_GRANTS", value: "true" }] }, [true]],
          [{}, [false]],
        ];
        for (const [container, expected] of cases) {
          await deployUpstream(home, container);
          assert.deepEqual(await grants(), expected, JSON.stringify(container));
          await remove(home, "skupper-controller");
        }
        const own = {
          name: "WATCH_NAMESPACE",
          valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } },
        };
        await deployUpstream(home, { env: [own] });
        assert.deepEqual(await grants(), []);
        const [controller] = (await look(sandbox, home)).status.controllers;
        assert.equal(controller?.version, "2.2.1");
        assert.deepEqual(controller?.namespaces, [home]);
        await remove(home, "skupper-controller");
      }),
    );

    test(
      "tells a user who may see little what there is to see, and what is not allowed",
      inSandbox(async (sandbox) => {
        const namespace = await testbed.createNamespace();
        const user = await testbed.userKubeconfig(namespace, [
          { apiGroups: ["skupper.io"], resources: ["sites"], verbs: ["list"] },
        ]);
        const site = {
          apiVersion: "skupper.io/v2alpha1",
          kind: "Site",
          metadata: { name: "west" },
        };
        const sites = `/apis/skupper.io/v2alpha1/namespaces/${namespace}/sites`;
        const made = await testbed.admin.call("POST", sites, { ...site, spec: {} });
        await testbed.admin.call("PUT", `${sites}/west/status`, {
          ...made,
          status: {
            controller: { name: "skupper-controller", namespace: "skupper", version: "2.1.4" },
          },
        });
        const { code, status } = await look(sandbox, namespace, user);
        assert.equal(code, 0);
        assert.equal(status.seesAll, false);
        assert.equal(status.grants, undefined);
        assert.deepEqual(status.controllers, [
          {
            name: "skupper-controller",
            namespace: "skupper",
            program: "skupper",
            version: "2.1.4",
          },
        ]);
        const missing = (command: string) =>
          status.commands.find((one) => one.command === command)?.missing;
        assert.deepEqual(missing("site status"), []);
        assert.deepEqual(missing("grant list"), ["list accessgrants.skupper.io"]);
        assert.deepEqual(missing("link check"), [
          "get links.skupper.io",
          "list links.skupper.io",
          "get secrets",
        ]);
      }),
    );

    test(
      "tells where grants are redeemed, and by nobody",
      inSandbox(async (sandbox) => {
        const namespace = await testbed.createNamespace();
        const path = `/apis/skupper.io/v2alpha1/namespaces/${namespace}/accessgrants`;
        for (const name of ["first", "second", "third"]) {
          const grant = {
            apiVersion: "skupper.io/v2alpha1",
            kind: "AccessGrant",
            metadata: { name },
          };
          const made = await testbed.admin.call("POST", path, { ...grant, spec: {} });
          if (name === "third") continue;
          const status = { url: `https://192.0.2.1:9090/${made.metadata.uid}` };
          await testbed.admin.call("PUT", `${path}/${name}/status`, { ...made, status });
        }
        const { status } = await look(sandbox, namespace);
        assert.deepEqual(status.grants, [{ url: "https://192.0.2.1:9090", count: 2 }, {
          count: 1,
        }]);
      }),
    );

    test(
      "tells Skupper's resources that the cluster lacks",
      inSandbox(async (sandbox) => {
        const name = "links.skupper.io";
        const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
        await testbed.admin.call("DELETE", path);
        await eventually(async () => {
          const { status } = await look(sandbox, "default");
          return status.resources.find((one) => one.name === name)?.versions.length === 0;
        });
        const { status } = await look(sandbox, "default");
        const sites = status.resources.find((one) => one.name === "sites.skupper.io");
        assert.deepEqual(sites?.versions, ["v2alpha1"]);
      }),
    );
  });
}
