import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { readRequest } from "../../../src/pki/request.ts";
import { parseToken } from "../../../src/token/token_file.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { Cluster, type Replica } from "../stage/cluster.ts";
import { eventually } from "../stage/eventually.ts";
import { collectGarbage } from "../stage/collect_garbage.ts";
import { makeGrantAnswer, renderGrantAnswer } from "../stage/grant_answer.ts";
import { assertRefused } from "../stage/refusal.ts";
import { type StandInServer, standInToken, startStandInServer } from "../stage/stand_in_server.ts";

if (missingForKubernetes !== undefined) {
  test(`storing on a cluster (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("storing what a token gives on a cluster", () => {
    let cluster: Cluster;
    let controller: Replica;
    let service: StandInServer;
    /** What happens between a request and its answer. */
    let happens: () => Promise<unknown>;
    /** The keys that were asked for, by token. */
    const keys = new Map<string, Set<string>>();

    before(async () => {
      cluster = await Cluster.open();
      controller = await cluster.startController("--grant-host=127.0.0.1");
      service = await startStandInServer(async (request, response) => {
        // as ours: it takes no use for what fails
        if (request.method === "GET") return response.end("usesLeft: 1\n");
        const name = String(request.headers["name"]);
        const csr = Buffer.from(String(request.headers["csr"]), "base64");
        keys.set(name, (keys.get(name) ?? new Set()).add((await readRequest(csr)).keyHash));
        const happened = await happens();
        if (happened === "lost") return response.destroy();
        if (happened === "later") return response.writeHead(503, { "retry-after": "3600" }).end();
        response.end(renderGrantAnswer(await makeGrantAnswer(request)));
      });
    });

    after(async () => {
      await service?.close();
      if (controller !== undefined) await cluster.stopController(controller);
      await cluster?.end();
    });

    async function stored(namespace: string): Promise<string[]> {
      const found = await Promise.all(
        (["AccessToken", "Link", "Secret"] as const).map((kind) => cluster.list(kind, namespace)),
      );
      return found.flat().filter((each) =>
        (each as { type?: string }).type !== "hawser/pending-key"
      )
        .map(({ metadata }) => metadata.name);
    }

    test("a redemption whose site is deleted stores nothing, and says so", async () => {
      const east = await cluster.createSite("east");
      const [site] = await cluster.list("Site", east);
      const before = await stored(east);
      happens = async () => {
        const token = await cluster.read("AccessToken", east, "t");
        const [owner] = token!.metadata["ownerReferences"] as { uid: string }[];
        assert.equal(owner!.uid, site!.metadata.uid);
        await cluster.succeed("site", "delete", "--all", "-n", east);
      };
      cluster.sandbox.write("t.yaml", standInToken(service, "t"));
      // the AccessToken goes before its site does
      assertRefused(
        await cluster.hawser("token", "redeem", "t.yaml", "-n", east),
        7,
        'error: AccessToken "t" was changed meanwhile',
      );
      await eventually(async () => (await stored(east)).join() === before.join());
      const { stdout } = await cluster.succeed("site", "delete", "--all", "-n", east);
      assert.match(stdout, /^There is no site in namespace "[^"]*" any more/);
    });

    test("a token that was put in for a former site is not redeemed for the next", async () => {
      const east = await cluster.createSite("east");
      happens = () => Promise.reject(new Error("asked"));
      const token = parseToken(standInToken(service, "old"), "old");
      const { apiVersion } = token;
      const ownerReferences = [{ apiVersion, kind: "Site", name: "east", uid: randomUUID() }];
      const asked = service.requests.length;
      await cluster.create(east, { ...token, metadata: { ...token.metadata, ownerReferences } });
      await eventually(async () =>
        /site "east", which it was made for, is gone/.test(
          (await cluster.read("AccessToken", east, "old"))?.status?.message ?? "",
        )
      );
      assert.equal(service.requests.length, asked);
    });

    test("a site that is being deleted is gone: nothing is asked for it", async () => {
      const east = await cluster.createSite("east");
      happens = () => Promise.reject(new Error("asked"));
      const asked = service.requests.length;
      await cluster.removeInForeground("Site", east, "east");
      cluster.sandbox.write("late.yaml", standInToken(service, "late"));
      assertRefused(
        await cluster.hawser("token", "redeem", "late.yaml", "-n", east),
        7,
        'error: AccessToken "late" is not stored: site "east", which it was made for, is gone[WILDCARD]',
      );
      assert.equal(service.requests.length, asked);
    });

    test("a redemption whose answer was lost goes on with its key once its token is put in again", async () => {
      const east = await cluster.createSite("east");
      let asked = 0;
      happens = () => Promise.resolve(asked++ === 0 ? "lost" : "later");
      cluster.sandbox.write("lost.yaml", standInToken(service, "lost"));
      const redeem = ["token", "redeem", "lost.yaml", "-n", east];
      const interrupted = cluster.sandbox.start(redeem, { env: cluster.env });
      // by then the tries are seconds apart: between two of them it is interrupted
      await eventually(() => asked >= 6);
      interrupted.process.kill("SIGINT");
      await interrupted.ended;
      await eventually(async () => await cluster.read("AccessToken", east, "lost") === undefined);
      await collectGarbage(cluster, east);
      happens = () => Promise.resolve();
      // a try that was under way may have stored it
      assert.ok([0, 7].includes((await cluster.hawser(...redeem)).code!));
      assert.equal(keys.get("lost")!.size, 1);
      await eventually(async () =>
        (await cluster.list("Secret", east)).every(({ metadata }) =>
          !metadata.name.startsWith("hawser-pending-")
        )
      );
    });

    test("a quota that leaves no room for the Secret is known before a use is spent", async () => {
      const east = await cluster.createSite("east");
      happens = () => Promise.resolve();
      const used = (await cluster.list("Secret", east)).length;
      // one more: the key of the redemption
      const hard = { "count/secrets": String(used + 1) };
      const quotas = `/api/v1/namespaces/${east}/resourcequotas`;
      const { admin } = cluster.testbed;
      const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "few" } };
      await admin.call("POST", quotas, { ...quota, spec: { hard } });
      const status = { hard, used: { "count/secrets": String(used) } };
      await admin.call("PATCH", `${quotas}/few/status`, { status });
      cluster.sandbox.write("q.yaml", standInToken(service, "q"));
      const asked = service.requests.length;
      const redeem = ["token", "redeem", "q.yaml", "-n", east];
      const refused = await cluster.hawser(...redeem, "--timeout=5s");
      assert.equal(refused.code, 124, refused.stderr);
      assert.match(refused.stderr, /exceeded quota: few/);
      assert.equal(service.requests.length, asked);
      await admin.call("DELETE", `${quotas}/few`);
      // the controller, which goes on trying, may be first
      assert.ok([0, 7].includes((await cluster.hawser(...redeem)).code!));
      assert.equal(service.requests.length, asked + 1);
    });
  });
}
