import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ApiClient } from "../../platforms/kubernetes/api/client.ts";
import { loadContext } from "../../platforms/kubernetes/access/kubeconfig.ts";
import { exposureObjects } from "../../platforms/kubernetes/manifests/exposure_objects.ts";
import { podLabels } from "../../platforms/kubernetes/manifests/objects.ts";
import { findPublicAddress } from "../../platforms/kubernetes/public_address.ts";
import { ServerAccess } from "../../platforms/kubernetes/access/server_access.ts";
import { isAppError } from "../../src/errors/app_error.ts";
import type { Address, Exposure } from "../../src/platform/exposure.ts";
import { missingForKubernetes } from "../testbed/kubernetes/programs.ts";
import { type KubernetesTestbed, startKubernetes } from "../testbed/kubernetes/start.ts";

const signal = new AbortController().signal;

if (missingForKubernetes !== undefined) {
  test(`the grant service's address (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("the grant service's address", () => {
    let testbed: KubernetesTestbed;
    let api: ApiClient;

    before(async () => {
      testbed = await startKubernetes();
      const request = { kubeconfig: testbed.kubeconfig, context: undefined, env: {} };
      api = new ApiClient(new ServerAccess(await loadContext(request), {}), "test");
    });

    after(() => testbed.stop());

    /** Makes what the manifest has for the exposure in a namespace of its own. */
    async function expose(exposure: Exposure) {
      const namespace = await testbed.createNamespace();
      for (const object of exposureObjects(namespace, exposure, undefined)) {
        const group = object.kind === "Service" ? "/api/v1" : "/apis/skupper.io/v2alpha1";
        const plural = object.kind === "Service" ? "services" : "securedaccesses";
        await testbed.admin.call("POST", `${group}/namespaces/${namespace}/${plural}`, object);
      }
      return {
        namespace,
        find: (host?: string): Promise<Address | undefined> =>
          findPublicAddress(api, namespace, exposure, host, signal),
        async setStatus(resource: string, status: object) {
          const path = `${resource.replace("*", namespace)}/hawser-grants`;
          const object = await testbed.admin.call("GET", path);
          return await testbed.admin.call("PUT", `${path}/status`, { ...object, status });
        },
      };
    }

    test("is the load balancer's, once it has one", async () => {
      const { find, setStatus } = await expose("loadbalancer");
      assert.equal(await find(), undefined);
      const services = "/api/v1/namespaces/*/services";
      await setStatus(services, { loadBalancer: { ingress: [{ hostname: "lb.example" }] } });
      assert.deepEqual(await find(), { host: "lb.example", port: 9090 });
      await setStatus(services, { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } });
      assert.deepEqual(await find(), { host: "192.0.2.7", port: 9090 });
      assert.deepEqual(await find("grants.example"), { host: "grants.example", port: 9090 });
    });

    test("is the node port on a node that can be reached from outside, or else from inside", async () => {
      const { find } = await expose("nodeport");
      assert.equal(await find(), undefined);
      const { port, host } = (await find("nodes.example"))!;
      assert.equal(host, "nodes.example");
      assert.ok(port >= 30_000);
      await makeNode("inner", [{ type: "InternalIP", address: "10.1.2.3" }]);
      assert.deepEqual(await find(), { host: "10.1.2.3", port });
      await makeNode("outer", [{ type: "ExternalIP", address: "192.0.2.8" }]);
      assert.deepEqual(await find(), { host: "192.0.2.8", port });
    });

    test("is the node port on a node that runs a replica, where one runs", async () => {
      const { find, namespace } = await expose("nodeport");
      await makeNode("replica", [{ type: "InternalIP", address: "10.1.2.4" }]);
      await runPod(namespace, "replica");
      assert.equal((await find())!.host, "10.1.2.4");
    });

    test("is what Skupper's controller resolves a SecuredAccess to", async () => {
      const { find, setStatus } = await expose("securedaccess");
      assert.equal(await find(), undefined);
      const endpoints = [{ name: "https", host: "grants.apps.example", port: "443" }];
      await setStatus("/apis/skupper.io/v2alpha1/namespaces/*/securedaccesses", { endpoints });
      assert.deepEqual(await find(), { host: "grants.apps.example", port: 443 });
    });

    test("is the given one where the cluster has no say in it", async () => {
      const given = { host: "192.0.2.9", port: 8443 };
      assert.deepEqual(await (await expose(given)).find(), given);
      const ingress = findPublicAddress(api, "default", "ingress", "grants.example", signal);
      assert.deepEqual(await ingress, { host: "grants.example", port: 443 });
    });

    test("can't be a Route's where there are no Routes", async () => {
      await assert.rejects(
        findPublicAddress(api, "default", "route", undefined, signal),
        (error) =>
          isAppError(error, "crd-missing") &&
          /no resource routes\.route\.openshift\.io$/.test(error.message),
      );
    });

    /** A Pod of the controller's, as the kubelet of that node reports it. */
    async function runPod(namespace: string, nodeName: string): Promise<void> {
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const pod = await testbed.admin.call("POST", pods, {
        metadata: { name: "replica", labels: podLabels },
        spec: { nodeName, containers: [{ name: "controller", image: "hawser" }] },
      });
      const status = { phase: "Running" };
      await testbed.admin.call("PUT", `${pods}/replica/status`, { ...pod, status });
    }

    async function makeNode(name: string, addresses: object[]): Promise<void> {
      const node = await testbed.admin.call("POST", "/api/v1/nodes", { metadata: { name } });
      await testbed.admin.call("PUT", `/api/v1/nodes/${name}/status`, {
        ...node,
        status: { addresses },
      });
    }
  });
}
