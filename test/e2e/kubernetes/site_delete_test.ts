import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import {
  defineResources,
  kindOf,
  serviceResources,
} from "../../testbed/kubernetes/service_definitions.ts";
import { type KubernetesTestbed, startKubernetes } from "../../testbed/kubernetes/start.ts";
import { inSandbox, type Outcome, type Sandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";

/** What this program has a definition of, and what a controller does not make, but for Sites. */
const ownResources: [plural: string, kind: string, spec: object][] = [
  ["accesstokens", "AccessToken", { url: "https://h:1/x", code: "c", ca: "x" }],
  ["accessgrants", "AccessGrant", {}],
  ["links", "Link", { endpoints: [] }],
  ["routeraccesses", "RouterAccess", { roles: [{ name: "edge" }], tlsCredentials: "t" }],
];

/** A resource of a Skupper to come, in a version to come. */
const [later, laterVersion] = ["gadgets", "v9"];

if (missingForKubernetes !== undefined) {
  test(`site delete on a cluster (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("site delete on a cluster", () => {
    let testbed: KubernetesTestbed;

    before(async () => {
      testbed = await startKubernetes();
    });

    after(() => testbed.stop());

    function run(sandbox: Sandbox, kubeconfig: string, ...args: string[]): Promise<Outcome> {
      const env = { SKUPPER_PLATFORM: undefined, KUBECONFIG: kubeconfig };
      return sandbox.hawser(args, { env });
    }

    async function succeed(sandbox: Sandbox, ...args: string[]): Promise<void> {
      const { code, stderr } = await run(sandbox, testbed.kubeconfig, ...args);
      assert.equal(code, 0, stderr);
    }

    async function createSite(sandbox: Sandbox): Promise<string> {
      const namespace = await testbed.createNamespace();
      await succeed(sandbox, "site", "create", "west", "-n", namespace, "--wait", "none");
      return namespace;
    }

    function pathOf(namespace: string, plural: string): string {
      const version = plural === later ? laterVersion : "v2alpha1";
      return `/apis/skupper.io/${version}/namespaces/${namespace}/${plural}`;
    }

    async function create(
      namespace: string,
      plural: string,
      name: string,
      content: { kind?: string; spec?: object; ownerReferences?: object[] } = {},
    ): Promise<void> {
      const { kind = kindOf(plural), spec = {}, ownerReferences = [] } = content;
      const apiVersion = `skupper.io/${plural === later ? laterVersion : "v2alpha1"}`;
      const resource = { apiVersion, kind, metadata: { name, ownerReferences }, spec };
      await testbed.admin.call("POST", pathOf(namespace, plural), resource);
    }

    /** A resource of each kind but those that controllers make. */
    async function fill(namespace: string): Promise<void> {
      for (const [plural, kind, spec] of ownResources) {
        await create(namespace, plural, "one", { kind, spec });
      }
      for (const plural of [...serviceResources, later]) {
        for (const name of ["one", "two"]) await create(namespace, plural, name);
      }
    }

    /** What is left in the namespace, as `listeners/one`. */
    async function listLeft(namespace: string): Promise<string[]> {
      const plurals = ["sites", "certificates", "securedaccesses", later, ...serviceResources];
      const left = [];
      for (const plural of [...plurals, ...ownResources.map(([plural]) => plural)]) {
        const { items } = await testbed.admin.call("GET", pathOf(namespace, plural));
        for (const { metadata } of items) left.push(`${plural}/${metadata.name}`);
      }
      return left.sort();
    }

    test(
      "--all does without the resources that the cluster does not serve",
      inSandbox(async (sandbox) => {
        const namespace = await createSite(sandbox);
        await succeed(sandbox, "site", "delete", "--all", "-n", namespace);
        const { items } = await testbed.admin.call("GET", pathOf(namespace, "sites"));
        assert.deepEqual(items, []);
      }),
    );

    describe("beside listeners, connectors and what a later Skupper has", () => {
      before(async () => {
        await defineResources(testbed, serviceResources);
        await defineResources(testbed, [later], laterVersion);
      });

      test(
        "without --all the Site alone goes",
        inSandbox(async (sandbox) => {
          const namespace = await createSite(sandbox);
          await fill(namespace);
          const before = await listLeft(namespace);
          await succeed(sandbox, "site", "delete", "-n", namespace);
          assert.deepEqual(await listLeft(namespace), before.filter((one) => one !== "sites/west"));
          assert.equal(before.length, 1 + ownResources.length + 2 * (serviceResources.length + 1));
        }),
      );

      test(
        "--all takes everything but what controllers make, in this namespace",
        inSandbox(async (sandbox) => {
          const [namespace, other] = [await createSite(sandbox), await createSite(sandbox)];
          await fill(namespace);
          await fill(other);
          const elsewhere = await listLeft(other);
          const site = await testbed.admin.call("GET", `${pathOf(namespace, "sites")}/west`);
          const { apiVersion, kind, metadata: { name, uid } } = site;
          // no controller manager is there to take it away with the Site
          await create(namespace, "routeraccesses", "skupper-router", {
            kind: "RouterAccess",
            spec: { roles: [{ name: "edge" }], tlsCredentials: "t" },
            ownerReferences: [{ apiVersion, kind, name, uid }],
          });
          const certificate = { ca: "skupper-site-ca", subject: "west" };
          await create(namespace, "certificates", "made", { spec: certificate });
          const access = { ports: [{ name: "p", port: 1, targetPort: 1 }], selector: {} };
          await create(namespace, "securedaccesses", "made", {
            kind: "SecuredAccess",
            spec: access,
          });
          await succeed(sandbox, "site", "delete", "--all", "-n", namespace);
          assert.deepEqual(await listLeft(namespace), [
            "certificates/made",
            "routeraccesses/skupper-router",
            "securedaccesses/made",
          ]);
          assert.deepEqual(await listLeft(other), elsewhere);
        }),
      );

      test(
        "the role of an admin does not do for a later Skupper's resources, and the Site stays until they go",
        inSandbox(async (sandbox) => {
          const namespace = await createSite(sandbox);
          await fill(namespace);
          const manifest = ["controller", "manifest", "--role", "admin", "-o", "json"];
          const { stdout } = await run(sandbox, testbed.kubeconfig, ...manifest);
          const { rules } = JSON.parse(stdout).items[0];
          const user = await testbed.userKubeconfig(namespace, rules);
          assertRefused(
            await run(sandbox, user, "site", "delete", "--all"),
            4,
            `error: User "[WILDCARD]" may not list gadgets.skupper.io in namespace "${namespace}"`,
            "hint: Ask an administrator of the cluster for a role with the verb list on gadgets.skupper.io[WILDCARD]",
          );
          const left = await listLeft(namespace);
          assert.ok(left.includes("sites/west"));
          await succeed(sandbox, "site", "delete", "--all", "-n", namespace);
          assert.deepEqual(await listLeft(namespace), []);
        }),
      );
    });
  });
}
