import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { redeemedToken } from "../../../src/resources/access_token.ts";
import { readResources, writeYaml } from "../../../src/resources/yaml.ts";
import { TestAuthority } from "../../fakes/test_authority.ts";
import { kubectl } from "../../testbed/kubernetes/kubectl.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import {
  defineResources,
  kindOf,
  serviceResources,
} from "../../testbed/kubernetes/service_definitions.ts";
import { type SiteStandIn, startSiteStandIn } from "../../testbed/kubernetes/site_stand_in.ts";
import {
  type KubernetesTestbed,
  type PolicyRule,
  startKubernetes,
} from "../../testbed/kubernetes/start.ts";
import { findFreePort } from "../../testbed/server_process.ts";
import { eventually } from "../stage/eventually.ts";
import { type CallOptions, type Outcome, type Running, Sandbox } from "../stage/harness.ts";
import { messages } from "../stage/refusal.ts";

/** A command that can't do without a certain right. */
interface Use {
  /**
   * The namespace: with a site that takes links, with one that makes them, or one with none yet.
   */
  place: "west" | "east" | "new";
  /** Makes what the command needs, as the administrator; returns the command's words. */
  arrange(namespace: string): Promise<string[]> | string[];
  /** The exit code where the right is there; 0 if not said otherwise. */
  code?: number;
  /** The controller stands still meanwhile, so that the command has to wait. */
  waits?: boolean;
  /** Of a right that is there to clean up: checks that what was to go is left without it. */
  checkLeft?(words: string[]): Promise<void>;
}

/** No platform is named: Kubernetes is the usual one. */
const onKubernetes = { SKUPPER_PLATFORM: undefined, HAWSER_DATA_HOME: undefined };

const skupper = "/apis/skupper.io/v2alpha1/namespaces";

if (missingForKubernetes !== undefined) {
  test(`the roles of the manifest (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("the roles of the manifest", () => {
    let testbed: KubernetesTestbed;
    let standIn: SiteStandIn;
    let sandbox: Sandbox;
    let controller: Running;
    /** Namespaces of a site that takes links, and of one that makes them. */
    let west: string;
    let east: string;
    let files = 0;

    before(async () => {
      testbed = await startKubernetes();
      await defineResources(testbed, serviceResources);
      standIn = startSiteStandIn(testbed, "127.0.0.1");
      standIn.fortune.named = false; // so that this controller redeems tokens too
      sandbox = new Sandbox();
      [west, east] = [await testbed.createNamespace(), await testbed.createNamespace()];
      await administer("site", "create", "west", "-n", west, "--enable-link-access");
      await administer("site", "create", "east", "-n", east);
      controller = await startController();
    });

    after(async () => {
      await standIn.stop();
      await testbed.stop();
      await sandbox.end();
    });

    /** Ends the controller; fails if it lacked a right. */
    async function endController(): Promise<void> {
      process.kill(controller.process.pid!, "SIGTERM");
      const { code, stderr } = await controller.ended;
      assert.equal(code, 0, stderr);
      assert.ok(!stderr.includes("may not"), `The controller lacks a right:\n${stderr}`);
    }

    /**
     * A controller as its Deployment would run it: with the rights of the manifest and no others.
     * `prepare` puts into its namespace what it needs.
     */
    async function startController(
      options: string[] = [],
      prepare: (namespace: string) => Promise<unknown> = () => Promise.resolve(),
    ): Promise<Running> {
      const namespace = await testbed.createNamespace();
      await prepare(namespace);
      // the API server that is at hand has no balancer: the address is one of this machine
      const port = await findFreePort();
      const words = [`--expose=127.0.0.1:${port}`, ...options];
      const { stdout } = await administer("controller", "manifest", "-n", namespace, ...words);
      kubectl(testbed, ["apply", "-f", "-"], stdout);
      const token = kubectl(testbed, ["create", "token", "-n", namespace, "hawser-controller"]);
      const [config] = readResources(
        fs.readFileSync(testbed.kubeconfig, "utf8"),
        "a kubeconfig",
      ) as [
        { users: object; contexts: [{ context: { namespace: string } }] },
      ];
      config.users = [{ name: "administrator", user: { token: token.trim() } }];
      config.contexts[0].context.namespace = namespace;
      const file = sandbox.write("controller.kubeconfig", writeYaml(config));
      const running = sandbox.start(["controller", "run", ...words, `--grant-port=${port}`], {
        env: { ...onKubernetes, KUBECONFIG: file },
      });
      let log = "";
      running.process.stderr!.on("data", (text) => log += text);
      await eventually(() => log.includes('"listening"'), () => log);
      return running;
    }

    function administer(...args: string[]): Promise<Outcome> {
      return sandbox.succeed(args, as(testbed.kubeconfig));
    }

    function as(kubeconfig: string): CallOptions {
      return { env: { ...onKubernetes, KUBECONFIG: kubeconfig } };
    }

    /** A user's rules, as the manifest has them for that role. */
    async function rulesOf(role: string): Promise<PolicyRule[]> {
      const { stdout } = await administer("controller", "manifest", "--role", role, "-o", "json");
      return JSON.parse(stdout).items[0].rules;
    }

    function newFile(): string {
      return `${sandbox.folder}/token-${++files}.yaml`;
    }

    async function issueToken(): Promise<{ file: string; grant: string }> {
      const file = newFile();
      const { stdout } = await administer("token", "issue", file, "-n", west, "-o", "json");
      return { file, grant: JSON.parse(stdout).grant };
    }

    async function makeGrant(): Promise<string> {
      return (await issueToken()).grant;
    }

    /** A link with credentials, as a redemption makes them. */
    async function makeLink(namespace: string): Promise<string> {
      const name = `link-${++files}`;
      const metadata = { name, annotations: { [redeemedToken]: randomUUID() } };
      await testbed.admin.call("POST", `/api/v1/namespaces/${namespace}/secrets`, { metadata });
      const spec = { tlsCredentials: name, endpoints: [{ name: "edge", host: "h", port: "1" }] };
      const link = { apiVersion: "skupper.io/v2alpha1", kind: "Link", metadata, spec };
      await testbed.admin.call("POST", `${skupper}/${namespace}/links`, link);
      return name;
    }

    async function makeSite(namespace: string, ...options: string[]): Promise<void> {
      await administer("site", "create", "north", "-n", namespace, "--wait", "none", ...options);
    }

    const issue: Use = { place: "west", arrange: () => ["token", "issue", newFile()] };
    const revoke: Use = {
      place: "west",
      arrange: async () => ["grant", "revoke", await makeGrant()],
    };
    const redeem: Use = {
      place: "east",
      arrange: async () => ["token", "redeem", (await issueToken()).file],
    };
    const deleteLink: Use = {
      place: "west",
      arrange: async () => ["link", "delete", await makeLink(west)],
    };
    const updateSite: Use = {
      place: "new",
      async arrange(namespace) {
        await makeSite(namespace);
        return ["site", "update", "--enable-ha", "--wait", "none"];
      },
    };

    const deleteAll: Use = {
      place: "new",
      async arrange(namespace) {
        await makeSite(namespace);
        const spec = { roles: [{ name: "edge" }], tlsCredentials: "edge" };
        const kinds = Object.fromEntries(
          serviceResources.map((plural) => [plural, kindOf(plural)]),
        );
        for (const [plural, kind] of Object.entries({ ...kinds, routeraccesses: "RouterAccess" })) {
          const resource = { apiVersion: "skupper.io/v2alpha1", kind, metadata: { name: "edge" } };
          await testbed.admin.call("POST", `${skupper}/${namespace}/${plural}`, {
            ...resource,
            spec,
          });
        }
        return ["site", "delete", "--all", "--no-wait"];
      },
    };

    /** Applies a resource that is not there yet, or that is. */
    function applying(kind: string, spec: object, isThere: boolean): Use {
      const version = kind === "Secret" ? "v1" : "skupper.io/v2alpha1";
      return {
        place: "new",
        async arrange(namespace) {
          const file = `${sandbox.folder}/applied-${++files}.json`;
          const write = (parts: object) =>
            fs.writeFileSync(
              file,
              JSON.stringify({ apiVersion: version, kind, metadata: { name: "own" }, ...parts }),
            );
          write(kind === "Secret" ? {} : { spec });
          if (isThere) {
            await administer("apply", "-f", file, "-n", namespace);
            const labels = { metadata: { name: "own", labels: { changed: "true" } } };
            write(kind === "Secret" ? labels : { spec, ...labels });
          }
          return ["apply", "-f", file];
        },
      };
    }

    /** Asks for a resource, or for all of a kind, of which there is one. */
    function asking(what: string, kind: string, spec: object): Use {
      const apply = applying(kind, spec, false);
      return {
        ...apply,
        async arrange(namespace) {
          await administer(...await apply.arrange(namespace), "-n", namespace);
          return ["get", what];
        },
      };
    }

    const routerAccess = { roles: [{ name: "edge" }], tlsCredentials: "edge" };
    const link = { tlsCredentials: "own", endpoints: [{ name: "edge", host: "h", port: "1" }] };

    /** For each right a command that needs it. */
    const uses: Record<string, Use> = {
      ...Object.fromEntries(
        serviceResources.flatMap((plural) => [
          [`list ${plural}`, deleteAll],
          [`delete ${plural}`, deleteAll],
        ]),
      ),
      "list sites": { place: "west", arrange: () => ["site", "status"] },
      "create sites": {
        place: "new",
        arrange: () => ["site", "create", "north", "--wait", "none"],
      },
      "get sites": { place: "west", arrange: () => ["describe", "site/west"] },
      "update sites": updateSite,
      "delete sites": {
        place: "new",
        async arrange(namespace) {
          await makeSite(namespace);
          return ["site", "delete", "--no-wait"];
        },
      },
      "watch sites": {
        place: "new",
        async arrange(namespace) {
          standIn.fortune.host = undefined;
          await makeSite(namespace, "--enable-link-access");
          return ["wait", "site", "north", "--timeout", "3s"];
        },
        code: 124,
      },
      "create accessgrants": issue,
      "watch accessgrants": {
        place: "west",
        arrange: () => ["token", "issue", newFile(), "--timeout", "3s"],
        waits: true,
        code: 124,
      },
      "list accessgrants": { place: "west", arrange: () => ["grant", "list"] },
      "get accessgrants": revoke,
      "delete accessgrants": revoke,
      "get accesstokens": redeem,
      "create accesstokens": redeem,
      "list accesstokens": redeem,
      "watch accesstokens": {
        place: "east",
        arrange: async () => ["token", "redeem", (await issueToken()).file, "--timeout", "3s"],
        waits: true,
        code: 124,
      },
      "delete accesstokens": {
        place: "east",
        async arrange() {
          const { file, grant } = await issueToken();
          await administer("grant", "revoke", grant, "-n", west);
          return ["token", "redeem", file];
        },
        code: 5,
        async checkLeft(words) {
          const token = readResources(fs.readFileSync(words.at(-1)!, "utf8"), "a token")[0]!;
          const { name } = token["metadata"] as { name: string };
          const left = await testbed.admin.call("GET", `${skupper}/${east}/accesstokens/${name}`);
          assert.equal(left.status.status, "Error");
        },
      },
      "get links": {
        place: "west",
        arrange: async () => ["link", "status", await makeLink(west)],
      },
      "list links": { place: "west", arrange: () => ["link", "status"] },
      "update links": {
        place: "west",
        arrange: async () => ["link", "update", await makeLink(west), "--cost", "7"],
      },
      "delete links": deleteLink,
      "watch links": {
        place: "east",
        async arrange() {
          const { file } = await issueToken();
          return ["token", "redeem", file, "--wait", "ready", "--timeout", "5s"];
        },
        code: 124,
      },
      "create links": applying("Link", link, false),
      "update accessgrants": applying("AccessGrant", { redemptionsAllowed: 2 }, true),
      "update accesstokens": applying("AccessToken", { url: "u", ca: "a", code: "c" }, true),
      "get routeraccesses": asking("routeraccess/own", "RouterAccess", routerAccess),
      "create routeraccesses": applying("RouterAccess", routerAccess, false),
      "update routeraccesses": applying("RouterAccess", routerAccess, true),
      "list secrets": asking("secrets", "Secret", {}),
      "create secrets": applying("Secret", {}, false),
      "update secrets": applying("Secret", {}, true),
      "list routeraccesses": { place: "west", arrange: () => ["link", "generate"] },
      "delete routeraccesses": deleteAll,
      "get secrets": deleteLink,
      "delete secrets": deleteLink,
    };

    for (const role of ["issuer", "redeemer", "admin"]) {
      test(`the ${role} can do its work, and with any one right less learns which it is`, async () => {
        const rules = await rulesOf(role);
        for (const right of rules.flatMap(rightsOf)) {
          const use = uses[right];
          assert.ok(use !== undefined, `No command is known that needs the right to ${right}`);
          await assertWorks(use, right, rules);
          await assertLacks(use, right, rules);
        }
      });
    }

    test("the controller can do its work, in all namespaces or in those it is given", async () => {
      await endController();
      controller = await startController([`--watch-namespace=${west},${east}`]);
      const { file, grant } = await issueToken();
      await administer("token", "redeem", file, "-n", east);
      await administer("grant", "revoke", grant, "-n", west);
      await endController();
    });

    test("the controller follows the Secret of its certificate, and may see no other", async () => {
      const authority = await TestAuthority.make("Example Trust");
      const secrets = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`;
      const data = async () => {
        const { chain, key } = await authority.sign(["127.0.0.1"]);
        const texts = { "tls.crt": chain, "tls.key": key, "ca.crt": authority.root };
        return Object.fromEntries(
          Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString("base64")]),
        );
      };
      let home = "";
      controller = await startController(
        ["--grant-secret=grants-tls", `--watch-namespace=${west},${east}`],
        async (namespace) => {
          home = namespace;
          await testbed.admin.call("POST", secrets(namespace), {
            ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls" },
            ...{ metadata: { name: "grants-tls" }, data: await data() },
          });
        },
      );
      const words = ["auth", "can-i", "--as", `system:serviceaccount:${home}:hawser-controller`];
      const may = (...what: string[]) => kubectl(testbed, [...words, ...what, "-n", home]).trim();
      assert.equal(may("watch", "secrets/grants-tls"), "yes");
      assert.throws(() => may("watch", "secrets")); // it says no, and ends with 1
      const { file } = await issueToken();
      await administer("token", "redeem", file, "-n", east);
      let log = "";
      controller.process.stderr!.on("data", (text) => log += text);
      await testbed.admin.call("PATCH", `${secrets(home)}/grants-tls`, { data: await data() });
      await eventually(() => log.includes('"certificate-served"'), () => log);
      await endController();
    });

    async function assertWorks(use: Use, right: string, rules: PolicyRule[]): Promise<void> {
      const { code, stderr } = await run(use, rules);
      assert.equal(code, use.code ?? 0, `to ${right}: ${stderr}`);
    }

    async function assertLacks(use: Use, right: string, rules: PolicyRule[]): Promise<void> {
      const outcome = await run(use, without(rules, right));
      const { namespace, words } = outcome;
      if (use.checkLeft !== undefined) return await use.checkLeft(words);
      assert.equal(outcome.code, 4, `to ${right}: ${outcome.stderr}`);
      const [verb, resource] = right.split(" ");
      const group = resource === "secrets" ? "" : ".skupper.io";
      assert.match(
        messages(outcome),
        new RegExp(
          `^error: User "user-\\d+" may not ${verb} ${resource}${group} in namespace "${namespace}"\n(done: .*\n)?` +
            `hint: Ask an administrator of the cluster for a role with the verb ${verb} on `,
        ),
      );
    }

    /** Runs the command as a new user with these rules. */
    async function run(
      { place, arrange, waits = false }: Use,
      rules: PolicyRule[],
    ): Promise<Outcome & { namespace: string; words: string[] }> {
      const namespace = { west, east, new: "" }[place] || await testbed.createNamespace();
      const words = await arrange(namespace);
      const user = await testbed.userKubeconfig(namespace, rules);
      if (waits) process.kill(controller.process.pid!, "SIGSTOP");
      const outcome = await sandbox.hawser(words, as(user));
      if (waits) process.kill(controller.process.pid!, "SIGCONT");
      standIn.fortune.host = "127.0.0.1";
      return { ...outcome, namespace, words };
    }
  });
}

/** The rights of a rule, as in "list sites". */
function rightsOf({ resources, verbs }: PolicyRule): string[] {
  return resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`));
}

/** The rules but for that right. */
function without(rules: PolicyRule[], right: string): PolicyRule[] {
  const [verb, resource] = right.split(" ");
  return rules
    .map((rule) =>
      rule.resources.includes(resource!)
        ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) }
        : rule
    )
    .filter(({ verbs }) => verbs.length > 0);
}
