import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { kubectl } from "../../testbed/kubernetes/kubectl.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { Cluster } from "../stage/cluster.ts";

if (missingForKubernetes !== undefined) {
  test(`resources on a cluster (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("get, describe, apply and delete on a cluster, with kubectl as the judge", () => {
    let cluster: Cluster;
    let namespace: string;

    before(async () => {
      cluster = await Cluster.open();
      namespace = await cluster.testbed.createNamespace();
    });

    after(() => cluster?.end());

    function ask(...args: string[]): string {
      return kubectl(cluster.testbed, ["-n", namespace, ...args]);
    }

    function manifest(spec: object): string {
      const apiVersion = "skupper.io/v2alpha1";
      return [
        { apiVersion, kind: "AccessGrant", metadata: { name: "crew" }, spec },
        { apiVersion: "v1", kind: "Secret", metadata: { name: "note" }, stringData: { a: "b" } },
        { apiVersion, kind: "Site", metadata: { name: "west", labels: { by: "us" } } },
      ].map((document) => `---\n${JSON.stringify(document)}\n`).join("");
    }

    async function apply(text: string): Promise<string> {
      cluster.sandbox.write("resources.yaml", text);
      return (await cluster.succeed("apply", "-f", "resources.yaml", "-n", namespace)).stdout;
    }

    test("apply stores what kubectl would, and finds nothing to change then", async () => {
      const created = await apply(manifest({ redemptionsAllowed: 2 }));
      assert.equal(
        created,
        "secret/note created\nsite.skupper.io/west created\naccessgrant.skupper.io/crew created\n",
      );
      assert.equal(
        await apply(manifest({ redemptionsAllowed: 2 })),
        created.replaceAll("created", "unchanged"),
      );
      ask("label", "accessgrant", "crew", "seen=kubectl");
      assert.match(await apply(manifest({ redemptionsAllowed: 3 })), /\/crew configured\n/);
      const jsonpath = "jsonpath={.spec.redemptionsAllowed} {.metadata.labels.seen}";
      assert.equal(ask("get", "accessgrant", "crew", "-o", jsonpath), "3 kubectl");
      assert.equal(ask("get", "secret", "note", "-o", "jsonpath={.data.a}"), "Yg==");
    });

    test("get prints what kubectl prints", async () => {
      for (const words of ["sites", "accessgrants", "secrets"]) {
        const ours = await cluster.succeed("get", words, "-n", namespace, "-o", "name");
        assert.equal(ours.stdout, ask("get", words, "-o", "name"), words);
      }
      const args = ["get", "site", "west", "-o", "json"];
      const { metadata, ...rest } = JSON.parse(
        (await cluster.succeed(...args, "-n", namespace)).stdout,
      );
      const theirs = JSON.parse(ask(...args));
      assert.equal(metadata.uid, theirs.metadata.uid);
      assert.deepEqual(rest.spec, theirs.spec);
      assert.deepEqual(Object.keys(rest).includes("platform"), false);
      const table = await cluster.succeed("get", "site", "-n", namespace);
      const [heading] = ask("get", "site").split("\n");
      assert.equal(
        table.stdout.split("\n")[0]!.replaceAll(/ +/g, " "),
        heading!.trim().replaceAll(/ +/g, " "),
      );
      const open = await cluster.sandbox.succeed(
        ["get", "secret", "note", "-n", namespace, "-o", "yaml"],
        { env: cluster.env },
      );
      assert.match(open.stdout, /^ {2}a: <hidden>$/m);
      const described = await cluster.succeed("describe", "site/west", "-n", namespace);
      assert.match(described.stdout, /^Labels: {7}by=us$/m);
    });

    test("what kubectl wrote is applied, and what apply made kubectl takes", async () => {
      const written = ask("get", "accessgrant", "crew", "-o", "yaml");
      assert.equal(await apply(written), "accessgrant.skupper.io/crew unchanged\n");
      const args = ["get", "accessgrant", "crew", "-n", namespace, "-o", "yaml"];
      const shown = (await cluster.succeed(...args)).stdout;
      assert.doesNotMatch(kubectl(cluster.testbed, ["apply", "-f", "-"], shown), /created/);
    });

    test("delete takes away what kubectl then misses", async () => {
      const gone = await cluster.succeed("delete", "-f", "resources.yaml", "-n", namespace);
      assert.equal(gone.stdout, 'accessgrant.skupper.io "crew" deleted\n');
      await cluster.succeed("delete", "secret/note", "site/west", "-n", namespace);
      const left = ask("get", "sites,secrets,accessgrants", "-o", "name");
      assert.equal(left.replace("secret/skupper-site-ca\n", ""), ""); // the stand-in's
    });
  });
}
