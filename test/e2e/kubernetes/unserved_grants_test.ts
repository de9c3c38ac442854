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
          "link status x",
          "link check x",
          "link update x --cost 2",
          "link delete x",
          "grant status x",
          "grant revoke x",
          "token status x",
          "network",
          "link status --watch",
          "link status --wait operational",
          "link check",
          "site status --watch",
          "site create west",
          "site delete",
          "get links",
          "describe site/x",
          "delete link/x",
          "wait link x",
          "wait site",
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

    test("a site whose Service gets no address is told which one, and what helps", async () => {
      cluster.standIn.fortune.host = undefined; // no load balancer gives one
      const namespace = await cluster.testbed.createNamespace();
      await cluster.create(namespace, {
        apiVersion: "skupper.io/v2alpha1",
        kind: "Site",
        metadata: { name: "west" },
        spec: { linkAccess: "default" },
      });
      const service = { type: "LoadBalancer", ports: [{ port: 55671 }] };
      await cluster.testbed.admin.call("POST", `/api/v1/namespaces/${namespace}/services`, {
        metadata: { name: "skupper-router" },
        spec: service,
      });
      const lacking = 'Service "skupper-router" has no address yet; a cluster without a load ' +
        "balancer, as kind and minikube are, gives it none: it needs one, or " +
        "--link-access-type nodeport (site update)";
      const issued = await cluster.hawser(
        ...["token", "issue", "t.yaml", "-n", namespace, "--timeout", "5s"],
      );
      assert.equal(issued.code, 124);
      assert.ok(issued.stderr.includes(lacking), issued.stderr);
      const status = await cluster.succeed("site", "status", "-n", namespace);
      assert.ok(status.stderr.includes(`hint: ${lacking}`), status.stderr);
      const updated = await cluster.hawser(
        ...["site", "update", "--enable-ha", "-n", namespace, "--timeout", "5s"],
      );
      assert.equal(updated.code, 124);
      assert.ok(updated.stderr.includes(lacking), updated.stderr);
      cluster.standIn.fortune.host = "127.0.0.1";
    });

    test("links that no controller looks after are told as such", async () => {
      const namespace = await cluster.createSite("west"); // its stand-in names no controller
      const unserved = /^hint: No controller of Skupper's looks after site "west": of its links /m;
      const notes =
        /^hint: No controller of Skupper's looks after site "west": of (it|the network) is told what one wrote last, if one ever did$/m;
      for (const command of ["site status", "network"]) {
        assert.match((await cluster.succeed(...command.split(" "), "-n", namespace)).stderr, notes);
      }
      assert.match((await cluster.succeed("link", "status", "-n", namespace)).stderr, unserved);
      cluster.standIn.fortune.named = true;
      await eventually(async () =>
        !unserved.test((await cluster.succeed("link", "status", "-n", namespace)).stderr)
      );
      const status = await cluster.succeed("site", "status", "-n", namespace);
      assert.doesNotMatch(status.stderr, notes);
      assert.match(status.stdout, /^Since: +\d{4}-\S+Z$/m);
      await cluster.create(namespace, {
        apiVersion: "skupper.io/v2alpha1",
        kind: "Link",
        metadata: { name: "kept" },
        spec: { endpoints: [{ name: "inter-router", host: "west", port: "1" }] },
      });
      const lastTransitionTime = "2026-01-02T03:04:05Z";
      const state = { status: "True", reason: "Ready", message: "OK", lastTransitionTime };
      await cluster.patch("Link", namespace, "kept", {
        status: {
          status: "Ready",
          message: "OK",
          conditions: ["Operational", "Ready"].map((type) => ({ type, ...state })),
        },
      });
      const links = await cluster.succeed("link", "status", "-n", namespace);
      assert.equal(
        links.stdout,
        `NAME  STATUS  COST  SINCE                 MESSAGE\nkept  Ready   1     ${lastTransitionTime}  OK\n`,
      );
      const watch = cluster.sandbox.start(
        ["link", "status", "--watch", "-n", namespace],
        { env: cluster.env },
      );
      let told = "";
      watch.process.stdout!.on("data", (text: string) => told += text);
      await eventually(() => /^\S+Z {2}kept {2}Ready {2}cost 1\n/.test(told), () => told);
      watch.process.kill("SIGINT");
      assert.equal((await watch.ended).signal, "SIGINT");
      const waited = ["link", "status", "kept", "--wait", "operational", "-n", namespace];
      assert.match((await cluster.succeed(...waited)).stdout, /^Since: +2026-01-02T03:04:05Z$/m);
      await tellNetwork(namespace);
      const drawn = await cluster.succeed("network", "-n", namespace);
      cluster.standIn.fortune.named = false;
      assert.equal(drawn.stdout, "west (this site)\n");
      assert.equal(drawn.stderr, "");
    });

    /** The controller tells of sites that are linked, and later no more. */
    async function tellNetwork(namespace: string): Promise<void> {
      const { metadata: { uid = "" } } = (await cluster.read("Site", namespace, "west"))!;
      cluster.standIn.fortune.network = [
        { id: uid, name: "west", links: [{ name: "kept", operational: false }] },
        {
          id: "8",
          name: "east",
          links: [{ name: "to-west", remoteSiteId: uid, operational: true }],
        },
      ];
      let site = { router: { remoteSites: [] as object[], links: [] as object[] } };
      await eventually(async () => {
        const { stdout } = await cluster.succeed("site", "status", "-n", namespace, "-o", "json");
        site = JSON.parse(stdout);
        return site.router.remoteSites.length > 0;
      });
      assert.deepEqual(site.router, {
        kept: true,
        running: true,
        state: "running",
        links: [{ name: "kept", state: "down" }],
        remoteSites: [{ name: "east", id: "8" }],
      });
      const { stdout } = await cluster.succeed("site", "status", "-n", namespace);
      assert.match(
        stdout,
        /^Router: +running\nLink: +kept: not operational\nRemote site: +east \(8\)$/m,
      );
      assert.match(stdout, /^Since: +\d{4}-\S+Z$/m);
      cluster.standIn.fortune.network = undefined;
      await eventually(async () =>
        (await cluster.read("Site", namespace, "west"))!.status?.network === undefined
      );
    }

    test("who may do nothing is told all that a command needs at once, and the role for it", async () => {
      const namespace = await cluster.testbed.createNamespace();
      const kubeconfig = await cluster.testbed.userKubeconfig(namespace, [
        { apiGroups: ["skupper.io"], resources: ["connectors"], verbs: ["get"] },
      ]);
      const env = { env: { ...cluster.env, KUBECONFIG: kubeconfig } };
      const refused = await cluster.sandbox.hawser(["link", "update", "x", "--cost", "2"], env);
      assertRefused(
        refused,
        4,
        `error: User "[WILDCARD]" may not get links.skupper.io in namespace "${namespace}"`,
        'hint: Ask an administrator of the cluster for a role with all that "link update" lacks: ' +
          "get links.skupper.io, update links.skupper.io, get secrets; one of that kind: " +
          `hawser controller manifest --role admin -n ${namespace} | kubectl apply -f -`,
      );
      const { stderr } = await cluster.sandbox.hawser(["grant", "list"], env);
      assert.match(stderr, /with the verb list on accessgrants\.skupper\.io; one of that kind: /);
      assert.match(stderr, /controller manifest --role issuer -n /);
      const applied = { metadata: { name: "x", namespace }, spec: { redemptionsAllowed: 1 } };
      const grant = { apiVersion: "skupper.io/v2alpha1", kind: "AccessGrant", ...applied };
      const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "x", namespace } };
      const items = JSON.stringify({ apiVersion: "v1", kind: "List", items: [grant, secret] });
      const roleFor = async (words: string[], stdin = "") =>
        (await cluster.sandbox.hawser(words, { ...env, stdin })).stderr;
      const all = (kind: string) => ["get", "create", "update"].map((verb) => `${verb} ${kind}`);
      const lacks = [...all("secrets"), ...all("accessgrants.skupper.io")].join(", ");
      assert.ok((await roleFor(["apply", "-f", "-"], items)).includes(`lacks: ${lacks}; `));
      const readLinks = await roleFor(["describe", "links"]);
      assert.match(readLinks, /"describe" lacks: get links\S+, list links\S+; .*--role redeemer /);
      assert.match(await roleFor(["delete", "gr/x"]), /lacks: get acc\S+, .*--role issuer /);
      assert.match(await roleFor(["wait", "token", "x"]), /list acc\S+, .*--role redeemer /);
    });
  });
}
