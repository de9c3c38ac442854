import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { open } from "../../platforms/kubernetes/mod.ts";
import { type AppError, isAppError } from "../../src/errors/app_error.ts";
import type { ErrorCode } from "../../src/errors/catalog.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { AccessGrant } from "../../src/resources/access_grant.ts";
import { apiVersion } from "../../src/resources/resource.ts";
import { readResources, writeYaml } from "../../src/resources/yaml.ts";
import { missingForKubernetes } from "../testbed/kubernetes/programs.ts";
import {
  type KubernetesTestbed,
  type PolicyRule,
  startKubernetes,
} from "../testbed/kubernetes/start.ts";
import { increment } from "./increment.ts";

if (missingForKubernetes !== undefined) {
  test(`kubernetes in trouble (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("on a real API server in trouble", () => {
    const signal = new AbortController().signal;
    let testbed: KubernetesTestbed;

    before(async () => {
      testbed = await startKubernetes();
    });

    after(() => testbed.stop());

    function openAs(kubeconfig: string, namespace?: string): Promise<Platform> {
      return open({
        namespace,
        kubeconfig,
        context: undefined,
        env: {},
        executable: [],
        version: "0.0.0",
      });
    }

    test("the context's namespace is in force where none is named", async () => {
      const namespace = await testbed.createNamespace();
      const kubeconfig = await testbed.userKubeconfig(namespace, []);
      assert.equal((await openAs(kubeconfig)).namespace, namespace);
      assert.equal((await openAs(kubeconfig, "other")).namespace, "other");
    });

    test("a missing right is named by verb and resource", async () => {
      const rights: Record<string, string[]> = {
        accessgrants: ["get", "list", "watch", "create", "update", "delete"],
        "accessgrants/status": ["update"],
      };
      const calls: [right: string, call: (platform: Platform) => Promise<unknown>][] = [
        ["get accessgrants", (platform) => platform.get("AccessGrant", "g", signal)],
        ["list accessgrants", (platform) => platform.list("AccessGrant", signal)],
        ["watch accessgrants", async (platform) => {
          const changes = platform.watch("AccessGrant", signal)[Symbol.asyncIterator]();
          await changes.next();
          await changes.next();
        }],
        ["create accessgrants", (platform) => platform.apply(makeGrant("new", ""), signal)],
        ["update accessgrants", async (platform) => {
          const grant = makeGrant("g");
          grant.spec!.code = `${Math.random()}`;
          await platform.apply(grant, signal);
        }],
        ["update accessgrants/status", async (platform) => {
          const grant = await platform.get("AccessGrant", "g", signal);
          await platform.apply({ ...grant!, status: { message: `${Math.random()}` } }, signal);
        }],
        ["delete accessgrants", (platform) => platform.remove("AccessGrant", "none", signal)],
      ];
      const namespace = await testbed.createNamespace();
      const owner = await openAs(testbed.kubeconfig, namespace);
      await owner.apply(makeGrant("g"), signal);
      for (const [right, call] of calls) {
        const [verb, resource] = right.split(" ") as [string, string];
        const rules = Object.entries(rights)
          .map(([name, verbs]) =>
            rule(name, verbs.filter((one) => name !== resource || one !== verb))
          )
          .filter(({ verbs }) => verbs.length > 0);
        const platform = await openAs(await testbed.userKubeconfig(namespace, rules));
        const error = await failure(call(platform), "forbidden");
        const [plural, subresource = ""] = resource.split(/(?=\/)/);
        assert.match(
          error.message,
          new RegExp(`may not ${verb} ${plural}.skupper.io${subresource} in .*"${namespace}"$`),
        );
        assert.equal(error.exitCode, 4);
      }
    });

    test("who may write the status alone can write it", async () => {
      const namespace = await testbed.createNamespace();
      const owner = await openAs(testbed.kubeconfig, namespace);
      await owner.apply(makeGrant("g"), signal);
      const rules = [rule("accessgrants", ["get"]), rule("accessgrants/status", ["update"])];
      const platform = await openAs(await testbed.userKubeconfig(namespace, rules));
      await increment(platform, "g", 3);
      assert.equal((await owner.get("AccessGrant", "g", signal))?.status?.redemptions, 3);
    });

    test("a namespace that is not there, or is being deleted, takes no resource", async () => {
      const none = await openAs(testbed.kubeconfig, "none");
      await failure(none.list("AccessGrant", signal), "namespace-not-found");
      const missing = await failure(none.apply(makeGrant("g"), signal), "namespace-not-found");
      assert.equal(missing.exitCode, 6);
      const namespace = await testbed.createNamespace();
      const platform = await openAs(testbed.kubeconfig, namespace);
      await platform.apply(makeGrant("g"), signal);
      await testbed.admin.call("DELETE", `/api/v1/namespaces/${namespace}`);
      await failure(platform.apply(makeGrant("h"), signal), "namespace-terminating");
    });

    test("what the resource definition does not allow is named, a secret not repeated", async () => {
      const platform = await openAs(testbed.kubeconfig, await testbed.createNamespace());
      const grant = makeGrant("g");
      Object.assign(grant.spec!, { redemptionsAllowed: "many", code: ["hidden"] });
      const error = await failure(platform.apply(grant, signal), "resource-invalid");
      assert.match(error.message, /AccessGrant "g": .*spec.redemptionsAllowed/);
      assert.doesNotMatch(error.message, /hidden/);
    });

    test("credentials that the server does not accept are named", async () => {
      const expired = testbed.authority.signClient("expired", "system:masters", 0);
      const error = await failure(
        (await openAs(withUser({
          "client-certificate": expired.certificate,
          "client-key": expired.key,
        }))).list("Site", signal),
        "unauthenticated",
      );
      assert.match(error.message, /its client certificate expired at \d{4}-/);
      for (const user of [{ token: "nobody's" }, {}]) {
        const platform = await openAs(withUser(user));
        const error = await failure(platform.list("Site", signal), "unauthenticated");
        assert.equal(error.exitCode, 4);
        assert.doesNotMatch(error.message, /nobody's/);
      }
    });

    test("a plugin's certificate, and impersonation, are what the server goes by", async () => {
      const namespace = await testbed.createNamespace();
      const jane = await testbed.userKubeconfig(namespace, [rule("accessgrants", ["list"])]);
      const { user } = (readConfig(jane)["users"] as [{ user: Record<string, string> }])[0];
      const credential = JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: {
          clientCertificateData: fs.readFileSync(user["client-certificate"]!, "utf8"),
          clientKeyData: fs.readFileSync(user["client-key"]!, "utf8"),
        },
      });
      const file = path.join(testbed.folder, "credential.json");
      fs.writeFileSync(file, credential);
      const exec = {
        apiVersion: "client.authentication.k8s.io/v1",
        command: "/bin/cat",
        args: [file],
      };
      const name = path.basename(jane, ".kubeconfig");
      const admin = (readConfig(testbed.kubeconfig)["users"] as [{ user: object }])[0].user;
      for (const user of [{ exec }, { ...admin, as: name }]) {
        const platform = await openAs(withUser(user), namespace);
        assert.deepEqual(await platform.list("AccessGrant", signal), []);
        const error = await failure(platform.list("Site", signal), "forbidden");
        assert.ok(error.message.startsWith(`User "${name}" may not list sites.skupper.io`));
      }
    });

    test("a watch goes on over a restart of the API server, and misses nothing", async () => {
      const namespace = await testbed.createNamespace();
      const [watching, writing] = await Promise.all([
        openAs(testbed.kubeconfig, namespace),
        openAs(testbed.kubeconfig, namespace),
      ]);
      await writing.apply(makeGrant("g"), signal);
      const end = new AbortController();
      const seen: number[] = [];
      const watched = (async () => {
        for await (const [grant] of watching.watch("AccessGrant", end.signal)) {
          seen.push(grant?.status?.redemptions ?? 0);
          if (seen.at(-1) === 6) end.abort();
        }
      })();
      for (let round = 0; round < 3; round++) {
        await increment(writing, "g", 1);
        await testbed.restart();
        await increment(writing, "g", 1);
      }
      await watched;
      assert.deepEqual(seen, [...new Set(seen)].sort((a, b) => a - b));
    });

    // the last one: it takes the definitions away
    test("missing resource definitions are named, with what installs them", async () => {
      const platform = await openAs(testbed.kubeconfig, await testbed.createNamespace());
      const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      for (const plural of ["accessgrants", "sites"]) {
        await testbed.admin.call("DELETE", `${crds}/${plural}.skupper.io`);
      }
      for (const kind of ["Site", "AccessGrant"] as const) {
        await untilFails(() => platform.list(kind, signal));
        const error = await failure(platform.list(kind, signal), "crd-missing");
        assert.ok(error.message.includes(`${kind.toLowerCase()}s.skupper.io`));
        assert.equal(error.exitCode, 3);
      }
      await failure(platform.apply(makeGrant("g"), signal), "crd-missing");
    });

    /** The administrator's kubeconfig with another user. */
    function withUser(user: Record<string, unknown>): string {
      const config = readConfig(testbed.kubeconfig);
      config["users"] = [{ name: "administrator", user }];
      const file = path.join(testbed.folder, `${Math.random()}.kubeconfig`);
      fs.writeFileSync(file, writeYaml(config));
      return file;
    }
  });
}

function rule(resource: string, verbs: string[]): PolicyRule {
  return { apiGroups: ["skupper.io"], resources: [resource], verbs };
}

function makeGrant(name: string, resourceVersion?: string): AccessGrant {
  return {
    apiVersion,
    kind: "AccessGrant",
    metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec: { code: "code" },
  };
}

function readConfig(file: string): Record<string, unknown> {
  return readResources(fs.readFileSync(file, "utf8"), file)[0]!;
}

async function failure(call: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(isAppError(error, code), `not ${code} but ${error}`);
  return error;
}

async function untilFails(call: () => Promise<unknown>): Promise<void> {
  while (await call().then(() => true, () => false)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
