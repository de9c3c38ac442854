import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { grantsDisabled } from "../../../src/resources/access_grant.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { Cluster } from "../stage/cluster.ts";
import { eventually } from "../stage/eventually.ts";
import { assertRefused } from "../stage/refusal.ts";

if (missingForKubernetes !== undefined) {
  test(`grants that nobody serves (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("grants that nobody serves", () => {
    let cluster: Cluster;

    before(async () => {
      cluster = await Cluster.open();
    });

    after(() => cluster.end());

    test("a namespace that is not there is told as such by every command", async () => {
      for (
        const command of [
          "token issue t.yaml",
          "link status",
          "grant list",
          "site status",
          "site update --enable-ha",
          "link generate",
        ]
      ) {
        assertRefused(
          await cluster.hawser(...command.split(" "), "-n", "nosuch"),
          6,
          'error: Namespace "nosuch" does not exist in the cluster of context "administrator"',
          "hint: kubectl create namespace nosuch",
        );
      }
    });

    test("a controller that has grants disabled ends the wait, with what would serve them", async () => {
      const namespace = await cluster.createSite("west", "--enable-link-access");
      const issuing = cluster.hawser(
        "token",
        "issue",
        "t.yaml",
        "-n",
        namespace,
        "-p",
        "kubernetes",
      );
      let marked = "";
      await eventually(async () => {
        const [grant] = await cluster.list("AccessGrant", namespace);
        if (grant === undefined) return false;
        marked = grant.metadata.name;
        await cluster.patch("AccessGrant", namespace, marked, {
          status: { message: grantsDisabled },
        });
        return true;
      });
      assertRefused(
        await issuing,
        3,
        `error: No controller serves access grants in namespace "${namespace}": Skupper's there has them disabled`,
        `hint: hawser controller manifest -n ${namespace} -p kubernetes | kubectl apply -f -`,
      );
      assert.equal(await cluster.read("AccessGrant", namespace, marked), undefined);
    });
  });
}
