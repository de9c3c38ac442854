import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { readCertificate } from "../../../src/pki/certificate.ts";
import { secretText } from "../../../src/resources/secret.ts";
import { parseToken } from "../../../src/token/token_file.ts";
import { kubectl } from "../../testbed/kubernetes/kubectl.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { Cluster, type Replica } from "../stage/cluster.ts";
import { eventually } from "../stage/eventually.ts";
import { makeGrantAnswer, renderGrantAnswer } from "../stage/grant_answer.ts";
import { certificateIn, postToken } from "../stage/grant_client.ts";
import { assertRefused } from "../stage/refusal.ts";
import { standInToken, startStandInServer } from "../stage/stand_in_server.ts";

if (missingForKubernetes !== undefined) {
  test(`tokens on Kubernetes (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("tokens on Kubernetes", () => {
    let cluster: Cluster;
    let controller: Replica;
    let west: string;
    let east: string;
    let north: string;

    before(async () => {
      cluster = await Cluster.open();
      west = await cluster.createSite("west", "--enable-link-access");
      east = await cluster.createSite("east");
      north = await cluster.createSite("north");
      controller = await cluster.startController("--grant-host=127.0.0.1");
    });

    after(async () => {
      if (controller !== undefined) {
        const { code, stderr } = await cluster.stopController(controller);
        assert.equal(code, 0, stderr);
      }
      await cluster?.end();
    });

    async function uses(grant: string): Promise<number> {
      return (await cluster.read("AccessGrant", west, grant))?.status?.redemptions ?? 0;
    }

    function redeem(file: string, ...options: string[]) {
      return cluster.hawser("token", "redeem", file, "-n", east, ...options);
    }

    test("a token makes a link, once", async () => {
      const { token, file } = await cluster.issue(west, "--link-cost=5");
      const { name } = token.metadata;
      const { stdout } = await cluster.succeed("token", "redeem", file, "-n", east);
      assert.equal(
        stdout,
        `Link "${name}" is configured.\nYou can now safely delete ${file}.\n`,
      );
      const [site] = await cluster.list("Site", east);
      const link = await cluster.read("Link", east, name);
      const secret = await cluster.read("Secret", east, name);
      for (const made of [link, secret]) {
        assert.deepEqual(made?.metadata["ownerReferences"], [
          {
            apiVersion: "skupper.io/v2alpha1",
            kind: "Site",
            name: "east",
            uid: site!.metadata.uid,
          },
        ]);
      }
      assert.equal(link?.spec?.cost, 5);
      assert.equal(link.spec.tlsCredentials, name);
      assert.deepEqual(link.spec.endpoints, [
        { name: "inter-router", host: "127.0.0.1", port: "55671", group: "skupper-router" },
        { name: "edge", host: "127.0.0.1", port: "45671", group: "skupper-router" },
      ]);
      const { subject } = readCertificate(secretText(secret!, "tls.crt")!);
      assert.equal(subject, site!.metadata.uid);
      const redeemed = await cluster.read("AccessToken", east, name);
      assert.equal(redeemed?.status?.redeemed, true);
      assert.deepEqual(
        redeemed.status.conditions?.map(({ lastTransitionTime: _, ...rest }) => rest),
        [{
          type: "Redeemed",
          status: "True",
          observedGeneration: 1,
          reason: "Ready",
          message: "OK",
        }],
      );
      const names = (await cluster.list("Secret", east)).map(({ metadata }) => metadata.name);
      assert.deepEqual(names.filter((name) => name.startsWith("hawser-")), []);
      await eventually(async () => await uses(name) === 1);

      assertRefused(
        await redeem(file),
        7,
        `error: Token "${name}" is already redeemed in namespace "${east}"`,
        `hint: hawser link status ${name} -n ${east}`,
      );
      await cluster.succeed("link", "delete", name, "-n", east);
      assert.equal(await cluster.read("Secret", east, name), undefined);
      assertRefused(
        await redeem(file),
        7,
        `error: Token "${name}" is already redeemed in namespace "${east}"`,
        `hint: Its link was deleted. To redeem it once more, delete AccessToken "${name}" first.`,
      );
    });

    test("a token that is used up is refused at once, and not tried again", async () => {
      const { token, file } = await cluster.issue(west);
      await cluster.succeed("token", "redeem", file, "-n", north);
      const { name } = token.metadata;
      assertRefused(
        await redeem(file),
        5,
        `error: Token "${name}" is used up: its grant has no redemptions left`,
        "hint: Ask for a new token, or one with more redemptions (--redemptions-allowed).",
      );
      assert.equal(await cluster.read("AccessToken", east, name), undefined);
    });

    test("a wrong code is refused at once, and spends nothing", async () => {
      const { token, file } = await cluster.issue(west);
      const wrong = cluster.sandbox.read(file).replace(token.spec.code, "WrongCodeWrongCode123456");
      cluster.sandbox.write("wrong.yaml", wrong);
      const outcome = await redeem("wrong.yaml");
      assert.equal(outcome.code, 4, outcome.stderr);
      assert.match(outcome.stderr, /refused the token: its code is not the grant's/);
      assert.equal(await cluster.read("AccessToken", east, token.metadata.name), undefined);
      await cluster.succeed("token", "redeem", file, "-n", east);
    });

    test("a token of the same site is refused, and spends nothing", async () => {
      const { token, file } = await cluster.issue(west);
      const outcome = await cluster.hawser("token", "redeem", file, "-n", west);
      assert.equal(outcome.code, 3, outcome.stderr);
      await cluster.create(west, token);
      const { name } = token.metadata;
      await eventually(async () =>
        (await cluster.read("AccessToken", west, name))?.status?.status === "Error"
      );
      assert.equal(await uses(name), 0);
    });

    test("a token of a revoked grant is refused", async () => {
      const { token, file } = await cluster.issue(west);
      await cluster.succeed("grant", "revoke", token.metadata.name, "-n", west);
      const outcome = await redeem(file);
      assert.equal(outcome.code, 5, outcome.stderr);
    });

    test("a token of a grant that is being deleted, and waits for its dependents, is refused", async () => {
      const uses = 100;
      const { token } = await cluster.issue(west, `--redemptions-allowed=${uses}`);
      const { name } = token.metadata;
      const first = await postToken(token, { name: "first", subject: "first" });
      assert.equal(first.status, 200);
      await cluster.removeInForeground("AccessGrant", west, name);
      let given = 1;
      await eventually(async () => {
        const { status } = await postToken(token, { name: "late", subject: "late" });
        if (status === 200) given++;
        return status === 404;
      });
      assert.ok(given < uses);
      const grant = await cluster.read("AccessGrant", west, name);
      assert.ok(grant?.metadata["deletionTimestamp"], "it is still there");
    });

    test("a token goes from command to command, by a pipe", async () => {
      const issued = await cluster.sandbox.hawser(["token", "issue", "-", "-n", west], {
        env: cluster.env,
        printsToken: true,
      });
      assert.equal(issued.code, 0, issued.stderr);
      const redeemed = await cluster.sandbox.hawser(["token", "redeem", "-", "-n", east], {
        env: cluster.env,
        stdin: issued.stdout,
      });
      assert.equal(redeemed.code, 0, redeemed.stderr);
    });

    test("a generated link works without a grant, and leaves nothing behind", async () => {
      const before = await everything(west);
      const generate = ["link", "generate", "generated", "-n", west];
      const generated = await cluster.sandbox.hawser(generate, {
        env: cluster.env,
        printsToken: true,
      });
      assert.equal(generated.code, 0, generated.stderr);
      kubectl(cluster.testbed, ["apply", "-n", north, "-f", "-"], generated.stdout);
      const link = await cluster.read("Link", north, "generated");
      assert.equal(link?.spec?.tlsCredentials, "generated");
      const made = await cluster.read("Secret", north, "generated");
      const ca = await cluster.read("Secret", west, "skupper-site-ca");
      assert.equal(made?.data?.["ca.crt"], ca?.data?.["tls.crt"]);
      assert.deepEqual(await everything(west), before);
    });

    test("a site with two routers gives two links", async () => {
      const twin = await cluster.createSite("twin", "--enable-link-access", "--enable-ha");
      const { token, file } = await cluster.issue(twin);
      const { name } = token.metadata;
      const { stdout } = await cluster.succeed("token", "redeem", file, "-n", east, "-o", "json");
      assert.deepEqual(JSON.parse(stdout).links, [`${name}-1`, `${name}-2`]);
      for (const [number, group] of [[1, "skupper-router"], [2, "skupper-router-2"]] as const) {
        const link = await cluster.read("Link", east, `${name}-${number}`);
        assert.deepEqual([...new Set(link!.spec!.endpoints.map((one) => one.group))], [group]);
      }
      const again = await redeem(file);
      assert.equal(again.code, 7, again.stderr);
    });

    test("nothing that has the token's name already is touched, and no use is spent", async () => {
      for (const kind of ["Secret", "Link", "AccessToken"] as const) {
        const { token, file } = await cluster.issue(west);
        const { name } = token.metadata;
        const apiVersion = kind === "Secret" ? "v1" : "skupper.io/v2alpha1";
        const spec = kind === "Link" ? { endpoints: [] } : { url: "https://x", code: "c", ca: "x" };
        await cluster.create(east, {
          apiVersion,
          kind,
          metadata: { name },
          ...(kind === "Secret" ? {} : { spec }),
        });
        const before = await cluster.read(kind, east, name);
        const outcome = await redeem(file);
        assert.equal(outcome.code, 7, outcome.stderr);
        assert.match(outcome.stderr, new RegExp(`${kind} "${name}" exists already in namespace`));
        if (kind !== "AccessToken") {
          assert.equal(await cluster.read("AccessToken", east, name), undefined);
          assert.deepEqual(await cluster.read(kind, east, name), before);
        }
        assert.equal(await uses(name), 0);
      }
    });

    test("a controller finds a taken name by itself, and spends no use either", async () => {
      const { token } = await cluster.issue(west);
      const { name } = token.metadata;
      await cluster.create(east, { apiVersion: "v1", kind: "Secret", metadata: { name } });
      await cluster.create(east, token);
      await eventually(async () =>
        (await cluster.read("AccessToken", east, name))?.status?.status === "Error"
      );
      const { status } = (await cluster.read("AccessToken", east, name))!;
      assert.match(status!.message!, /^Secret ".*" exists already/);
      assert.equal(await uses(name), 0);
    });

    test("grants and tokens put there by hand work alike", async () => {
      const grant = `apiVersion: skupper.io/v2alpha1
kind: AccessGrant
metadata:
  name: by-hand
spec:
  redemptionsAllowed: 2
  expirationWindow: 1h
  code: ByHandByHandByHand123456
`;
      kubectl(cluster.testbed, ["apply", "-n", west, "-f", "-"], grant);
      const { token } = await cluster.issue(west, "--grant=by-hand");
      assert.equal(token.spec.code, "ByHandByHandByHand123456");
      const { status, metadata } = (await cluster.read("AccessGrant", west, "by-hand"))!;
      assert.deepEqual(
        status!.conditions!.map(({ lastTransitionTime: _, ...condition }) => condition),
        ["Processed", "Ready", "Resolved"].map((type) => ({
          type,
          status: "True",
          observedGeneration: metadata.generation,
          reason: "Ready",
          message: "OK",
        })),
      );
      await cluster.create(east, token);
      await eventually(async () =>
        (await cluster.read("AccessToken", east, "by-hand"))?.status?.redeemed === true
      );
    });

    test("a token file that tells how it fared elsewhere is redeemed all the same", async () => {
      const condition = {
        type: "Redeemed",
        status: "True",
        lastTransitionTime: "2026-01-01T00:00:00Z",
        reason: "Ready",
        message: "OK",
      };
      const refused = { ...condition, reason: "Error", message: "Controller got failed response" };
      const statuses = [
        {},
        { redeemed: true, status: "Ready", message: "OK", conditions: [condition] },
        { status: "Error", message: refused.message, conditions: [refused] },
      ];
      for (const [index, status] of statuses.entries()) {
        const { token } = await cluster.issue(west);
        const name = `fared-${index}`;
        const uid = "0f3b4a52-8f0c-4a8e-9d8f-2a1f6a1f0e11";
        const metadata = { ...token.metadata, name, uid, finalizers: ["example.com/hold"] };
        const text = JSON.stringify({ ...token, metadata, status });
        cluster.sandbox.write("fared.yaml", text);
        await cluster.succeed("token", "redeem", "fared.yaml", "-n", east);
        assert.ok(await cluster.read("Link", east, name));
      }
    });

    test("a service that says nothing holds up nothing else", async () => {
      const silent = await listen();
      try {
        const ca = (await cluster.issue(west)).token.spec.ca;
        const held = { url: silent.url, ca };
        for (let i = 0; i < 80; i++) {
          const text = standInToken(held, `held-${i}`).replace("11111111", String(10_000_000 + i));
          await cluster.create(east, parseToken(text, "held"));
        }
        cluster.sandbox.write("held.yaml", standInToken(held, "held"));
        const waiting = redeem("held.yaml", "--timeout=3s");
        const { file } = await cluster.issue(west);
        await cluster.succeed("token", "redeem", file, "-n", east, "--timeout=3m");
        const outcome = await waiting;
        assert.equal(outcome.code, 124, outcome.stderr);
        assert.match(outcome.stderr, /Timed out after 3s waiting for token "held" to be redeemed/);
        assert.match(outcome.stderr, /hint: .*hawser token redeem held.yaml -n/);
        assert.ok(await cluster.read("AccessToken", east, "held"), "it stays, to be gone on with");

        const interrupted = cluster.sandbox.start(["token", "redeem", "held.yaml", "-n", east], {
          env: cluster.env,
        });
        await once(interrupted.process.stderr!, "data");
        process.kill(interrupted.process.pid!, "SIGINT");
        assert.equal((await interrupted.ended).code, 130);
        assert.equal(await cluster.read("AccessToken", east, "held"), undefined);
      } finally {
        await silent.close();
        for (const { metadata } of await cluster.list("AccessToken", east)) {
          if (metadata.name.startsWith("held-")) {
            await cluster.remove("AccessToken", east, metadata.name);
          }
        }
      }
    });

    test("upstream's redeemer is served: it sends no request for a certificate, and an empty subject", async () => {
      const { token } = await cluster.issue(west);
      const { status, body } = await postToken(token, { name: token.metadata.name, subject: "" });
      assert.equal(status, 200);
      assert.match(certificateIn(body).subject, new RegExp(`CN=${token.metadata.name}$`));
      assert.match(body, /tls\.key: /);
      const again = await postToken(token, { name: token.metadata.name, subject: "" });
      assert.deepEqual(again, { status: 404, body: "No such access granted\n" });
    });

    test("upstream's service is asked again while it says that it is busy", async () => {
      let asked = 0;
      const service = await startStandInServer(async (request, response) => {
        if (++asked < 4) {
          response.writeHead(503);
          return response.end("Internal error\n");
        }
        response.end(renderGrantAnswer(await makeGrantAnswer(request)));
      });
      try {
        cluster.sandbox.write("busy.yaml", standInToken(service, "busy"));
        await cluster.succeed("token", "redeem", "busy.yaml", "-n", east);
        assert.equal(service.requests.length, 4);
      } finally {
        await service.close();
      }
    });

    test("tokens of one grant are redeemed without a use that upstream's service counts in vain", async () => {
      let underWay = 0;
      let counted = 0;
      const service = await startStandInServer(async (request, response) => {
        counted++;
        if (underWay++ > 0) {
          response.writeHead(503);
          response.end("Internal error\n");
        } else {
          response.end(renderGrantAnswer(await makeGrantAnswer(request)));
        }
        underWay--;
      });
      try {
        const names = Array.from({ length: 8 }, (_, i) => `same-grant-${i}`);
        for (const name of names) {
          await cluster.create(east, parseToken(standInToken(service, name), name));
        }
        for (const name of names) {
          await eventually(async () =>
            (await cluster.read("AccessToken", east, name))?.status?.redeemed === true
          );
        }
        assert.equal(counted, names.length);
        assert.ok(!/"reconcile-failed".*"same-grant-/.test(controller.log()), controller.log());
      } finally {
        await service.close();
      }
    });

    test("upstream's service is asked once where it fails: it has counted a use", async () => {
      const service = await startStandInServer((_request, response) => {
        response.writeHead(500);
        response.end("No valid endpoints found for site\n");
      });
      try {
        cluster.sandbox.write("failing.yaml", standInToken(service, "failing"));
        const outcome = await redeem("failing.yaml");
        assert.equal(outcome.code, 1, outcome.stderr);
        assert.match(outcome.stderr, /answered 500: No valid endpoints found for site/);
        assert.equal(service.requests.filter((one) => one.startsWith("POST")).length, 1);
      } finally {
        await service.close();
      }
    });

    test("a hostile service makes nothing but the Secret and Links that were asked for", async () => {
      const spoils: ((parts: Awaited<ReturnType<typeof makeGrantAnswer>>) => void)[] = [
        ({ secret }) => secret.metadata.name = "skupper-grant-server",
        ({ secret }) => Object.assign(secret, { kind: "ConfigMap" }),
        ({ links }) => Object.assign(links[0]!, { kind: "Site" }),
        ({ links }) => links[0]!.metadata.name = "another",
        ({ secret }) => secret.data["other"] = "eA==",
      ];
      for (const [number, spoil] of spoils.entries()) {
        const service = await startStandInServer(async (request, response) => {
          const parts = await makeGrantAnswer(request);
          spoil(parts);
          response.end(renderGrantAnswer(parts));
        });
        const before = await everything(east);
        const file = `hostile-${number}.yaml`;
        cluster.sandbox.write(file, standInToken(service, `hostile-${number}`));
        const outcome = await redeem(file);
        await service.close();
        assert.equal(outcome.code, 1, outcome.stderr);
        assert.match(outcome.stderr, /is not acceptable/);
        assert.deepEqual(await everything(east), before);
      }
    });

    test("a namespace in the answer or the token is not the one that counts", async () => {
      const service = await startStandInServer(async (request, response) => {
        const parts = await makeGrantAnswer(request);
        Object.assign(parts.secret.metadata, { namespace: west });
        Object.assign(parts.links[0]!.metadata, { namespace: west });
        response.end(renderGrantAnswer(parts));
      });
      try {
        const text = standInToken(service, "elsewhere").replace(
          "metadata:\n",
          `metadata:\n  namespace: ${west}\n`,
        );
        cluster.sandbox.write("elsewhere.yaml", text);
        await cluster.succeed("token", "redeem", "elsewhere.yaml", "-n", east);
        assert.ok(await cluster.read("Secret", east, "elsewhere"));
        assert.equal(await cluster.read("Secret", west, "elsewhere"), undefined);
      } finally {
        await service.close();
      }
    });

    test("a token named as a Secret of Skupper's own is refused", async () => {
      const { file } = await cluster.issue(west);
      const text = cluster.sandbox.read(file).replace(
        /^ {2}name: .*$/m,
        "  name: skupper-grant-server",
      );
      cluster.sandbox.write("named.yaml", text);
      const outcome = await redeem("named.yaml");
      assert.equal(outcome.code, 2, outcome.stderr);
    });

    test("outcomes are published as Events", async () => {
      const { token, file } = await cluster.issue(west);
      await cluster.succeed("token", "redeem", file, "-n", east);
      const events = async (namespace: string) => {
        const path = `/api/v1/namespaces/${namespace}/events`;
        const { items } = await cluster.testbed.admin.call("GET", path);
        return (items as Event[])
          .filter(({ involvedObject }) => involvedObject.name === token.metadata.name)
          .map(({ type, reason, involvedObject }) => `${type} ${involvedObject.kind} ${reason}`)
          .sort();
      };
      await eventually(async () => (await events(east)).length === 1);
      assert.deepEqual(await events(east), ["Normal AccessToken Redeemed"]);
      await eventually(async () => (await events(west)).length === 2);
      assert.deepEqual(await events(west), [
        "Normal AccessGrant Ready",
        "Normal AccessGrant Redeemed",
      ]);
    });

    /** All but the keys of redemptions: an answer that was lost may have given a use to one. */
    async function everything(namespace: string): Promise<string[]> {
      const found: string[] = [];
      for (const kind of ["Secret", "Link", "Site", "AccessToken"] as const) {
        for (const { metadata } of await cluster.list(kind, namespace)) {
          if (metadata.name.startsWith("hawser-pending-")) continue;
          found.push(`${kind} ${metadata.name}`);
        }
      }
      return found.sort();
    }
  });
}

interface Event {
  type: string;
  reason: string;
  involvedObject: { kind: string; name: string };
}

/** A server that accepts connections and never says a word. */
async function listen(): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
