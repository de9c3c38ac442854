import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { answer, type FakeGrantService, startGrantService } from "../../fakes/grant_service.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { Cluster, type Replica } from "../stage/cluster.ts";
import { eventually } from "../stage/eventually.ts";
import { postToken } from "../stage/grant_client.ts";

const missing = missingForKubernetes ??
  (spawnSync("faketime", ["--version"]).status === 0 ? undefined : "faketime");

if (missing !== undefined) {
  test(`replicas whose clocks differ (needs ${missing})`, { skip: true }, () => {});
} else {
  describe("replicas whose clocks differ", () => {
    let cluster: Cluster;
    let west: string;
    let right: Replica;
    /** Replicas whose clocks are wrong, by how far. */
    const wrong = new Map<string, Replica>();

    before(async () => {
      cluster = await Cluster.open();
      west = await cluster.createSite("west", "--enable-link-access");
      // the one that is wrong makes what all share
      for (const off of ["+10h", "+60s"]) {
        wrong.set(off, await cluster.startControllerWithClock(off, "--grant-host=127.0.0.1"));
      }
      right = await cluster.startController("--grant-host=127.0.0.1");
    });

    after(() => cluster?.end());

    async function clockError({ operationsUrl }: Replica): Promise<number> {
      const text = await (await fetch(`${operationsUrl}/metrics`)).text();
      return Number(/^hawser_clock_error_seconds (.*)$/m.exec(text)![1]);
    }

    test("redeem a token one at a time, whatever their clocks say", async () => {
      let atOnce = 0;
      let most = 0;
      const service: FakeGrantService = await startGrantService(async (request, socket) => {
        most = Math.max(most, ++atOnce);
        socket.on("close", () => atOnce--);
        await new Promise((resolve) => setTimeout(resolve, 2500));
        answer(503, "try again\n")(request, socket);
      });
      try {
        const { spec } = service.token;
        const token = { apiVersion: "skupper.io/v2alpha1", kind: "AccessToken", spec } as const;
        await cluster.create(west, { ...token, metadata: { name: "slow" } });
        await eventually(() => service.requests.length >= 6);
        assert.equal(most, 1);
      } finally {
        await cluster.remove("AccessToken", west, "slow");
        await service.close();
      }
    });

    test("serve tokens with what one of them made, by the cluster's time", async () => {
      const { token } = await cluster.issue(west, "--redemptions-allowed=3");
      for (const [i, { grantPort }] of [...wrong.values(), right].entries()) {
        const url = token.spec.url.replace(/:\d+\//, `:${grantPort}/`);
        const at = { ...token, spec: { ...token.spec, url } };
        const { status, body } = await postToken(at, { name: `east-${i}`, subject: "" });
        assert.equal(status, 200, body);
      }
    });

    test("say by how much, in log and metrics, and the right one says nothing", async () => {
      const expected = [["+10h", 36_000], ["+60s", 60]] as const;
      for (const [off, seconds] of expected) {
        const replica = wrong.get(off)!;
        const error = await clockError(replica);
        assert.ok(Math.abs(error - seconds) < 5, `${off}: ${error}`);
        assert.match(replica.log(), /"event":"clock-wrong","problem":"this machine's clock says/);
      }
      assert.equal(await clockError(right), 0);
      assert.doesNotMatch(right.log(), /clock-wrong/);
    });

    test("tell `controller status`, which names those that are wrong", async () => {
      const { stdout } = await cluster.hawser("controller", "status", "-n", "default");
      const told = stdout.match(/^Clock at \S+: +this machine's clock says .*, that of the .*$/gm);
      assert.equal(told?.length, wrong.size, stdout);
    });

    test("`controller status` tells that this machine's clock is not the cluster's", async () => {
      const status = ["controller", "status", "-n", west];
      const { stdout } = await cluster.hawser(...status);
      assert.doesNotMatch(stdout, /^Clock/m);
      const off = await cluster.sandbox.run("faketime", ["-f", "+1h", "hawser", ...status], {
        env: cluster.env,
      });
      assert.match(off.stdout, /^Clock: +this machine's is .* ahead of the cluster's$/m);
    });
  });
}
