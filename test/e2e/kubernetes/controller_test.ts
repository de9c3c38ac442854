import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { identitySecretName } from "../../../platforms/kubernetes/deployed_names.ts";
import { type AccessGrant, grantsDisabled } from "../../../src/resources/access_grant.ts";
import { apiVersion, isReady } from "../../../src/resources/resource.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { findFreePort } from "../../testbed/server_process.ts";
import { Cluster, type Replica } from "../stage/cluster.ts";
import { eventually } from "../stage/eventually.ts";
import { postToken } from "../stage/grant_client.ts";
import { assertRefused } from "../stage/refusal.ts";

if (missingForKubernetes !== undefined) {
  test(`the controller on Kubernetes (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("the controller on Kubernetes", () => {
    let cluster: Cluster;
    let west: string;

    before(async () => {
      cluster = await Cluster.open();
      west = await cluster.createSite("west", "--enable-link-access");
    });

    after(() => cluster?.end());

    function withController(
      body: (controller: Replica) => Promise<void>,
      ...args: string[]
    ): () => Promise<void> {
      return async () => {
        const controller = await cluster.startController("--grant-host=127.0.0.1", ...args);
        try {
          await body(controller);
        } finally {
          const { code, stderr } = await cluster.stopController(controller);
          assert.equal(code, 0, stderr);
        }
      };
    }

    async function createGrant(name: string, spec: AccessGrant["spec"] = {}, namespace = west) {
      await cluster.create(namespace, {
        apiVersion,
        kind: "AccessGrant",
        metadata: { name },
        spec,
      });
    }

    function grant(name: string, namespace = west): Promise<AccessGrant | undefined> {
      return cluster.read("AccessGrant", namespace, name);
    }

    /** The grant once it looks as it should. */
    async function grantThat(
      name: string,
      holds: (grant: AccessGrant) => unknown,
      namespace = west,
    ): Promise<AccessGrant> {
      let found: AccessGrant | undefined;
      await eventually(async () => {
        found = await grant(name, namespace);
        return found !== undefined && holds(found);
      }, () => JSON.stringify(found));
      return found!;
    }

    /** Fails if the grant is written to while several rounds of reconciling could have gone by. */
    async function assertLeftAlone(name: string): Promise<void> {
      const before = await grant(name);
      await createGrant(`beside-${name}`);
      await grantThat(`beside-${name}`, isReady);
      assert.deepEqual(await grant(name), before);
    }

    const upstreams = {
      code: "UpstreamUpstreamUpstream",
      url: "https://upstream.example:9090/x",
      ca: "UPSTREAM CA",
      status: "Ready",
      message: "OK",
    };

    test("a grant that another controller serves is left alone", async () => {
      await createGrant("theirs");
      await cluster.patch("AccessGrant", west, "theirs", { status: upstreams });
      await withController(() => assertLeftAlone("theirs"))();
    });

    test(
      "a grant that another controller takes over is not taken back",
      withController(async () => {
        const { token } = await cluster.issue(west, "--redemptions-allowed=3");
        const { name } = token.metadata;
        assert.equal((await postToken(token, { name: "east", subject: "" })).status, 200);
        await grantThat(name, ({ status }) => status?.redemptions === 1);
        await cluster.patch("AccessGrant", west, name, {
          status: { ...upstreams, redemptions: 0 },
        });
        await grantThat(name, ({ status }) => status?.redemptions === 1);
        await assertLeftAlone(name);
        assert.equal((await postToken(token, { name: "north", subject: "" })).status, 404);
        assert.equal((await grant(name))!.status!.url, upstreams.url);
      }),
    );

    test(
      "a controller that does not serve grants has the last word on the message, and on nothing else",
      withController(async () => {
        cluster.standIn.fortune.marksGrants = true;
        try {
          const { token } = await cluster.issue(west);
          const { name } = token.metadata;
          await grantThat(name, ({ status }) => status?.message === grantsDisabled);
          assert.equal((await postToken(token, { name: "east", subject: "" })).status, 200);
          await grantThat(name, ({ status }) => status?.redemptions === 1);
          await assertLeftAlone(name);
          assert.equal((await grant(name))!.status!.message, grantsDisabled);
        } finally {
          cluster.standIn.fortune.marksGrants = false;
        }
      }),
    );

    test(
      "a grant and a token that the site's controller leaves untouched are ours at last",
      withController(async () => {
        cluster.standIn.fortune.named = true;
        try {
          const north = await cluster.createSite("north", "--enable-link-access");
          const { file } = await cluster.issue(north);
          const south = await cluster.createSite("south");
          await cluster.succeed("token", "redeem", file, "-n", south);
        } finally {
          cluster.standIn.fortune.named = false;
        }
      }),
    );

    test(
      "two controllers that know nothing of each other share the grants out",
      withController(async () => {
        const elsewhere = await cluster.testbed.createNamespace();
        const other = await cluster.startController("--grant-host=127.0.0.1", "-n", elsewhere);
        const east = await cluster.createSite("east");
        for (let i = 0; i < 4; i++) {
          const { token, file } = await cluster.issue(west);
          await assertLeftAlone(token.metadata.name);
          await cluster.succeed("token", "redeem", file, "-n", east);
          const { metadata } = token;
          await grantThat(metadata.name, ({ status }) => status?.redemptions === 1);
        }
        await cluster.stopController(other);
      }),
    );

    test(
      "a grant follows its spec",
      withController(async () => {
        const { token } = await cluster.issue(west);
        const { name } = token.metadata;
        const redeem = async (as: string) => (await postToken(token, { name: as, subject: "" }));
        assert.equal((await redeem("one")).status, 200);
        assert.equal((await redeem("two")).status, 404);
        await cluster.patch("AccessGrant", west, name, { spec: { redemptionsAllowed: 2 } });
        await eventually(async () => (await redeem("two")).status === 200);
        const code = "ChangedChangedChanged123";
        await cluster.patch("AccessGrant", west, name, { spec: { redemptionsAllowed: 3, code } });
        const changed = await cluster.issue(west, `--grant=${name}`);
        assert.equal(changed.token.spec.code, code);
        await cluster.patch("AccessGrant", west, name, { spec: { expirationWindow: "1d" } });
        const bad = await grantThat(name, ({ status }) => status?.status === "Error");
        assert.match(bad.status!.message!, /^Invalid duration "1d": /);
        assert.equal(bad.status!.conditions![0]!.observedGeneration, bad.metadata.generation);
        await cluster.patch("AccessGrant", west, name, { spec: { expirationWindow: "2h" } });
        const good = await grantThat(name, isReady);
        const since = Date.parse(good.status!.conditions![0]!.lastTransitionTime);
        assert.equal(Date.parse(good.status!.expirationTime!) - since, 2 * 3_600_000);
      }),
    );

    test(
      "a grant that expired days ago by its status stays until a controller has seen it for a day",
      withController(async () => {
        const { token } = await cluster.issue(west);
        const { name } = token.metadata;
        assert.equal((await postToken(token, { name: "east", subject: "" })).status, 200);
        const { metadata, status } = await grantThat(name, ({ status }) => status?.redemptions);
        const lastTransitionTime = new Date(Date.now() - 49 * 3_600_000).toISOString();
        const conditions = status!.conditions!.map((one) => ({
          ...one,
          lastTransitionTime: lastTransitionTime.replace(/\.\d+/, ""),
        }));
        await cluster.patch("AccessGrant", west, name, { status: { ...status, conditions } });
        const expired = await grantThat(
          name,
          ({ status }) => Date.parse(status?.expirationTime ?? "") < Date.now() - 24 * 3_600_000,
        );
        assert.equal(expired.metadata.uid, metadata.uid);
        const again = await postToken(token, { name: "east-2", subject: "" });
        assert.equal(again.status, 404, "it is looked at, and left there");
        assert.ok(await cluster.read("Secret", west, `hawser-ledger-${metadata.uid}`));
      }),
    );

    test(
      "a ledger Secret that was put back gives no use back, and a damaged one closes its grant",
      withController(async () => {
        const { token } = await cluster.issue(west, "--redemptions-allowed=2");
        const { name } = token.metadata;
        const post = (redeemer: string) => postToken(token, { name: redeemer, subject: "" });
        assert.equal((await post("u1")).status, 200);
        const { uid } = (await grant(name))!.metadata;
        const ledger = `hawser-ledger-${uid}`;
        const { data } = (await cluster.read("Secret", west, ledger))!;
        assert.equal((await post("u2")).status, 200);
        await grantThat(name, ({ status }) => status?.redemptions === 2);
        await cluster.patch("Secret", west, ledger, { data });
        assert.equal((await post("u3")).body, "No such access granted\n");

        const allowsMore = { spec: { redemptionsAllowed: 9 } };
        await cluster.patch("AccessGrant", west, name, allowsMore);
        const half = data!["ledger"]!.slice(0, 40);
        await cluster.patch("Secret", west, ledger, { data: { ledger: half } });
        assert.equal((await post("u3")).status, 404);
        await cluster.remove("AccessGrant", west, name);
      }),
    );

    test(
      "a grant says why it can't be redeemed yet",
      withController(async () => {
        const cases: [options: string[], message: RegExp][] = [
          [[], /^Link access is not enabled$/],
          [["--enable-link-access", "--wait=none"], /^No valid endpoints found/],
        ];
        cluster.standIn.fortune.host = undefined;
        for (const [options, message] of cases) {
          const namespace = await cluster.createSite("south", ...options);
          await createGrant("g", {}, namespace);
          const { status } = await grantThat("g", ({ status }) => status?.message, namespace);
          assert.match(status!.message!, message);
          assert.equal(status!.status, "Pending");
        }
        cluster.standIn.fortune.host = "127.0.0.1";
        const empty = await cluster.testbed.createNamespace();
        await createGrant("g", {}, empty);
        await grantThat(
          "g",
          ({ status }) => /^There is no site/.test(status?.message ?? ""),
          empty,
        );
        const edge = { apiVersion, kind: "Site", metadata: { name: "edge" }, spec: { edge: true } };
        await cluster.create(empty, edge as { kind: "Site" });
        await grantThat("g", ({ status }) => status?.status === "Error", empty);
      }),
    );

    test(
      "the authority that the routers trust signs, whatever the site's is called",
      withController(async () => {
        const odd = await cluster.createSite("odd", "--enable-link-access");
        await cluster.patch("Site", odd, "odd", { spec: { defaultIssuer: "odd-ca" } });
        await cluster.create(odd, {
          apiVersion,
          kind: "RouterAccess",
          metadata: { name: "skupper-router" },
          spec: {
            roles: [{ name: "inter-router" }, { name: "edge" }],
            tlsCredentials: "skupper-site-server",
            issuer: "skupper-site-ca",
          },
        });
        const { token } = await cluster.issue(odd);
        const { status, body } = await postToken(token, { name: "east", subject: "" });
        assert.equal(status, 200);
        const ca = await cluster.read("Secret", odd, "skupper-site-ca");
        assert.ok(body.includes(ca!.data!["tls.crt"]!));
      }),
    );

    test(
      "without the authority nothing is given, and no use is spent",
      withController(async () => {
        await createGrant("unsigned", { issuer: "missing-ca" });
        const { status } = await grantThat("unsigned", isReady);
        const { url, ca, code } = status as { url: string; ca: string; code: string };
        const token = {
          apiVersion,
          kind: "AccessToken",
          metadata: { name: "unsigned" },
          spec: { url, ca, code },
        } as const;
        const answer = await postToken(token, { name: "east", subject: "" });
        assert.deepEqual(answer, {
          status: 500,
          body: "Could not get issuer for requested certificate\n",
        });
        const secret = await cluster.read("Secret", west, "skupper-site-ca");
        await cluster.create(west, {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "missing-ca" },
          data: secret!.data,
        });
        await eventually(async () =>
          (await postToken(token, { name: "east", subject: "" })).status === 200
        );
      }),
    );

    test("the grants' urls follow what the service is exposed by", async () => {
      const namespace = await cluster.testbed.createNamespace();
      const services = `/api/v1/namespaces/${namespace}/services`;
      await cluster.testbed.admin.call("POST", services, {
        metadata: { name: "hawser-grants" },
        spec: { type: "LoadBalancer", ports: [{ port: 9090 }] },
      });
      const balance = (host: object) =>
        cluster.testbed.admin.call("PATCH", `${services}/hawser-grants/status`, {
          status: { loadBalancer: { ingress: [host] } },
        });
      const west2 = await cluster.createSite("west2", "--enable-link-access");
      const controller = await cluster.startController("--expose=loadbalancer", "-n", namespace);
      await createGrant("g", {}, west2);
      const pending = ({ status }: AccessGrant) => /^No address/.test(status?.message ?? "");
      await grantThat("g", pending, west2);
      await balance({ ip: "192.0.2.10" });
      const at = (start: string) => ({ status }: AccessGrant) => status?.url?.startsWith(start);
      await grantThat("g", at("https://192.0.2.10:9090/"), west2);
      await balance({ hostname: "grants.example" });
      await grantThat("g", at("https://grants.example:9090/"), west2);
      assert.equal((await cluster.stopController(controller)).code, 0);
    });

    test("a controller that is started again writes to no grant, whatever Secrets lie about", async () => {
      const home = await cluster.testbed.createNamespace();
      const east = await cluster.createSite("east");
      const port = await findFreePort();
      const start = () =>
        cluster.startController("--grant-host=127.0.0.1", `--grant-port=${port}`, "-n", home);
      const first = await start();
      const { token, file } = await cluster.issue(west);
      const { name } = token.metadata;
      const before = await grant(name);
      assert.equal((await cluster.stopController(first)).code, 0);
      const identity = await cluster.read("Secret", home, identitySecretName);
      const data = Object.fromEntries(
        Object.keys({ ...identity!.data, "tls.crt": "", "tls.key": "", "ca.crt": "" })
          .map((field) => [field, "eA=="]),
      );
      for (
        const [namespace, name] of [
          [west, identitySecretName],
          [west, "skupper-grant-server"],
          [home, "skupper-grant-server"],
        ] as const
      ) {
        const metadata = { name };
        await cluster.create(namespace, { apiVersion: "v1", kind: "Secret", metadata, data });
      }
      const second = await start();
      await createGrant("after-restart");
      const { status } = await grantThat("after-restart", isReady);
      assert.equal(status!.ca, token.spec.ca);
      assert.deepEqual(await grant(name), before);
      await cluster.succeed("token", "redeem", file, "-n", east);
      assert.equal((await cluster.stopController(second)).code, 0);
    });

    test("link access that Skupper's controller leaves open when it is taken away is told of", async () => {
      const disable = ["site", "update", "--disable-link-access", "-n"];
      const closing = await cluster.createSite("closing", "--enable-link-access");
      assert.doesNotMatch((await cluster.succeed(...disable, closing)).stderr, /routeraccess/);
      cluster.standIn.fortune.staysOpen = true;
      try {
        const open = await cluster.createSite("open", "--enable-link-access");
        const { stderr } = await cluster.succeed(...disable, open);
        assert.match(
          stderr,
          new RegExp(`until .*: kubectl delete routeraccess skupper-router -n ${open}\n`),
        );
        const { stdout } = await cluster.succeed("site", "status", "-n", open);
        assert.match(stdout, /^Link access: {2}enabled$/m);
      } finally {
        cluster.standIn.fortune.staysOpen = false;
      }
    });

    test("site update keeps what it is not told to change", async () => {
      const kept = await cluster.createSite("kept", "--enable-link-access");
      const metadata = { labels: { team: "blue" }, annotations: { note: "hers" } };
      const spec = { defaultIssuer: "odd-ca", settings: { "router-logging": "debug" } };
      await cluster.patch("Site", kept, "kept", { metadata, spec });
      await cluster.succeed("site", "update", "--enable-ha", "-n", kept);
      const site = (await cluster.read("Site", kept, "kept"))!;
      assert.deepEqual(site.spec, { ...spec, linkAccess: "default", ha: true });
      assert.deepEqual(site.metadata.labels, metadata.labels);
      assert.deepEqual(site.metadata.annotations, metadata.annotations);
    });

    test("a controller serves the namespaces it is told to, and no others", async () => {
      const [one, two, three] = await Promise.all(
        ["one", "two", "three"].map((name) => cluster.createSite(name, "--enable-link-access")),
      ) as [string, string, string];
      await withController(async () => {
        for (const namespace of [one, two, three]) await createGrant("g", {}, namespace);
        for (const namespace of [one, two]) await grantThat("g", isReady, namespace);
        assert.equal((await grant("g", three))!.status, undefined);
      }, `--watch-namespace=${one},${two}`)();
    });

    test(
      "a controller outlives the API server, and is healthy meanwhile",
      withController(async ({ operationsUrl }) => {
        await cluster.testbed.interrupt();
        assert.equal((await fetch(`${operationsUrl}/healthz`)).status, 200);
        await cluster.testbed.restart();
        const { token } = await cluster.issue(west);
        assert.equal((await postToken(token, { name: "east", subject: "" })).status, 200);
        assert.equal((await fetch(`${operationsUrl}/readyz`)).status, 200);
      }),
    );

    test("a controller that can't do its work says why, and does not start", async () => {
      const namespace = await cluster.testbed.createNamespace();
      const kubeconfig = await cluster.testbed.userKubeconfig(namespace, []);
      const user = { env: { ...cluster.env, KUBECONFIG: kubeconfig } };
      const refused = await cluster.sandbox.hawser(["controller", "run"], user);
      assert.equal(refused.code, 4, refused.stderr);
      assert.match(refused.stderr, /User ".*" may not list .*\.skupper\.io in the whole cluster/);
      const offline = { env: { ...cluster.env, KUBECONFIG: cluster.sandbox.write("none", "") } };
      assertRefused(
        await cluster.sandbox.hawser(["controller", "run"], offline),
        3,
        "error: Cannot find a Kubernetes cluster: [WILDCARD]",
        "hint: [WILDCARD]",
      );
    });
  });
}
