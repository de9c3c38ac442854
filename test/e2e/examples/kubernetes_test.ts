import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { dump, load } from "js-yaml";
import { kubectl } from "../../testbed/kubernetes/kubectl.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { Cluster } from "../stage/cluster.ts";
import { eventually } from "../stage/eventually.ts";
import { examplePath } from "./example.ts";

interface Kubeconfig {
  contexts: { name: string; context: { user: string; cluster: string } }[];
}

const needs = missingForKubernetes === undefined ? "" : ` (needs ${missingForKubernetes})`;

test(
  `the scripts of kubernetes/ set up a controller and link two sites${needs}`,
  { skip: missingForKubernetes !== undefined },
  async () => {
    const cluster = await Cluster.open();
    try {
      const env = prepare(cluster);
      const run = async (script: string) => {
        const cwd = examplePath("kubernetes");
        const { code, stdout, stderr } = await cluster.sandbox.run(`${cwd}/${script}`, [], {
          cwd,
          env: { ...cluster.env, ...env },
        });
        assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
        return stdout;
      };
      const objects = await run("controller.sh");
      assert.match(objects, /^deployment\.apps\/\S+ created$/m);
      const deployments = kubectl(cluster.testbed, ["get", "deploy", "-n", "hawser", "-o", "yaml"]);
      assert.match(deployments, /image: registry\.example\/hawser:0\.1\.0/);
      assert.match(objects, /^role\.rbac\.authorization\.k8s\.io\/\S+ created$/m);

      // no kubelet runs Pods here: the controller runs beside the cluster
      const controller = await cluster.startController("--grant-host=127.0.0.1");
      try {
        assert.match(await run("link.sh"), /^NAME +STATUS +COST/m);
        assert.equal((await cluster.list("Link", "east")).length, 1);
        const uses = async () =>
          (await cluster.list("AccessGrant", "west"))[0]?.status?.redemptions;
        await eventually(uses); // the status follows the ledger
        assert.equal(await uses(), 1);
      } finally {
        await cluster.stopController(controller);
      }
    } finally {
      await cluster.end();
    }
  },
);

/** A kubeconfig in which one cluster is west and east, and the cluster's kubectl in the path. */
function prepare({ sandbox, testbed }: Cluster): Record<string, string> {
  const config = load(fs.readFileSync(testbed.kubeconfig, "utf8")) as Kubeconfig;
  const [only] = config.contexts;
  config.contexts = ["west", "east"].map((name) => ({ ...only!, name }));
  fs.symlinkSync(testbed.kubectl, path.join(sandbox.folder, "bin/kubectl"));
  return {
    KUBECONFIG: sandbox.write("kubeconfig", dump(config)),
    IMAGE: "registry.example/hawser:0.1.0",
  };
}
