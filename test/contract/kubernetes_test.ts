import { after, before, describe, test } from "node:test";
import { open } from "../../platforms/kubernetes/mod.ts";
import { missingForKubernetes } from "../testbed/kubernetes/programs.ts";
import { type KubernetesTestbed, startKubernetes } from "../testbed/kubernetes/start.ts";
import { platformContract } from "./platform_contract.ts";

if (missingForKubernetes !== undefined) {
  test(`kubernetes as a platform (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("kubernetes as a platform, on a real API server", () => {
    let testbed: KubernetesTestbed;

    before(async () => {
      testbed = await startKubernetes();
      await acceptUnknownFields(testbed, "sites");
    });

    after(() => testbed.stop());

    platformContract(async () => {
      const namespace = await testbed.createNamespace();
      const again = () =>
        open({
          namespace,
          context: undefined,
          kubeconfig: testbed.kubeconfig,
          env: {},
          executable: [],
          version: "0.0.0",
        });
      return { platform: await again(), again, close: () => Promise.resolve() };
    });
  });
}

/** Stands for a newer Skupper, whose resources have fields that are not known here. */
async function acceptUnknownFields(testbed: KubernetesTestbed, plural: string): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.skupper.io`;
  const crd = await testbed.admin.call("GET", path);
  const schema = crd.spec.versions[0].schema.openAPIV3Schema;
  schema["x-kubernetes-preserve-unknown-fields"] = true;
  schema.properties.spec["x-kubernetes-preserve-unknown-fields"] = true;
  await testbed.admin.call("PUT", path, crd);
}
