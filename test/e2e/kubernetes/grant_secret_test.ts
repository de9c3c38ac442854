import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { certificatesIn, readCertificate } from "../../../src/pki/certificate.ts";
import { secretText } from "../../../src/resources/secret.ts";
import { parseResource, readResources } from "../../../src/resources/yaml.ts";
import { kubectl } from "../../testbed/kubernetes/kubectl.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { type ServerFiles, TestAuthority } from "../../fakes/test_authority.ts";
import { findFreePort } from "../../testbed/server_process.ts";
import { Cluster, type Replica } from "../stage/cluster.ts";
import { eventually } from "../stage/eventually.ts";
import { isRoot } from "../stage/harness.ts";
import { postToken } from "../stage/grant_client.ts";
import { isShown } from "../stage/served_certificate.ts";

const name = "grants-tls";

if (missingForKubernetes !== undefined) {
  test(`a certificate in a Secret (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("a certificate in a Secret, as cert-manager keeps it", () => {
    let cluster: Cluster;
    let authority: TestAuthority;
    let west: string;
    let home: string;

    before(async () => {
      cluster = await Cluster.open();
      authority = await TestAuthority.make("Example Trust");
      west = await cluster.createSite("west", "--enable-link-access");
      home = await cluster.testbed.createNamespace();
    });

    after(() => cluster?.end());

    async function makeSecret(
      { chain, key }: ServerFiles,
      ca = authority.root,
      namespace = home,
    ): Promise<void> {
      await cluster.create(namespace, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name },
        type: "kubernetes.io/tls",
        data: encode({ "tls.crt": chain, "tls.key": key, "ca.crt": ca }),
      });
    }

    function encode(texts: Record<string, string>): Record<string, string> {
      const entries = Object.entries(texts);
      return Object.fromEntries(entries.map(([key, text]) => [key, base64(text)]));
    }

    function serve(...options: string[]): Promise<Replica> {
      const words = ["-n", home, `--grant-secret=${name}`, ...options];
      return cluster.startController(...words);
    }

    async function metric({ operationsUrl }: Replica): Promise<string | undefined> {
      const text = await (await fetch(`${operationsUrl}/metrics`)).text();
      return /^hawser_certificate_problem (.*)$/m.exec(text)?.[1];
    }

    test("a controller does not begin without it, and says what is wrong with it", async () => {
      const run = ["controller", "run", "-n", home, `--grant-secret=${name}`];
      const absent = await cluster.hawser(...run);
      assert.equal(absent.code, 2, absent.stderr);
      assert.match(absent.stderr, /Secret "grants-tls" of namespace ".*": it is not there/);
      await makeSecret(await authority.sign(["localhost"]), (await TestAuthority.make("X")).root);
      const foreign = await cluster.hawser(...run);
      assert.equal(foreign.code, 2, foreign.stderr);
      assert.match(foreign.stderr, /not signed by an authority of Secret "grants-tls".* \(X\)/);
      await cluster.remove("Secret", home, name);
    });

    test("it is served, followed as it is renewed, and outlives its Secret", async () => {
      await makeSecret(await authority.sign(["localhost"]));
      const controller = await serve();
      try {
        const { token } = await cluster.issue(west, "--redemptions-allowed=3");
        assert.equal(new URL(token.spec.url).hostname, "localhost");
        assert.equal(token.spec.ca, authority.root);
        assert.equal((await postToken(token, { name: "a", subject: "a" })).status, 200);

        const { chain, key } = await authority.sign(["localhost"], [-1, 40]);
        await cluster.patch("Secret", home, name, {
          data: encode({ "tls.crt": chain, "tls.key": key }),
        });
        await eventually(() => isShown(controller.grantPort, { chain, key }));
        assert.equal((await postToken(token, { name: "b", subject: "b" })).status, 200);

        await cluster.remove("Secret", home, name);
        await eventually(async () => await metric(controller) === "1");
        await eventually(() => /"certificate-problem".*it is not there/.test(controller.log()));
        let last = "";
        const status = async () =>
          last = (await cluster.hawser("controller", "status", "-n", home)).stdout;
        const told = /^Certificate at \S+: +what is there now is not served: it is not there$/m;
        await eventually(async () => told.test(await status()), () => last);
        assert.ok(await isShown(controller.grantPort, { chain, key }));
        assert.equal((await postToken(token, { name: "c", subject: "c" })).status, 200);

        await makeSecret({ chain, key });
        await eventually(async () => await metric(controller) === "0");
        await eventually(async () => !/^Certificate at/m.test(await status()));
      } finally {
        await cluster.stopController(controller);
      }
      await cluster.remove("Secret", home, name);
    });

    test("a Pod waits for it, alive and not ready (needs root)", { skip: !isRoot }, async () => {
      const [port, operations] = [await findFreePort(), await findFreePort()];
      const expose = `--expose=127.0.0.1:${port}`;
      const manifest = await cluster.succeed(
        ...["controller", "manifest", "-n", home, expose, `--grant-secret=${name}`],
        ...["-o", "json"],
      );
      kubectl(cluster.testbed, ["apply", "-f", "-"], manifest.stdout);
      const token = kubectl(cluster.testbed, ["create", "token", "-n", home, "hawser-controller"]);
      const ca = fs.readFileSync(cluster.testbed.authority.certificate, "utf8");
      const account = { token, namespace: home, "ca.crt": ca };
      for (const [file, text] of Object.entries(account)) {
        cluster.sandbox.write(`account/${file}`, text);
      }
      // its mounts are its own
      const place = "mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io && " +
        'cp -r account /run/secrets/kubernetes.io/serviceaccount && exec hawser "$@"';
      const pod = cluster.sandbox.launch("unshare", [
        ...["--mount", "sh", "-c", place, "pod", "controller", "run", expose],
        ...[`--grant-secret=${name}`, `--grant-port=${port}`, `--operations-port=${operations}`],
      ], {
        env: {
          SKUPPER_PLATFORM: "kubernetes",
          HOSTNAME: "controller-0",
          KUBERNETES_SERVICE_HOST: "127.0.0.1",
          KUBERNETES_SERVICE_PORT: new URL(cluster.testbed.url).port,
        },
      });
      let log = "";
      pod.process.stderr!.on("data", (text) => log += text);
      const ask = (question: string) =>
        fetch(`http://127.0.0.1:${operations}/${question}`)
          .then(async (answer) => `${answer.status} ${await answer.text()}`, () => "");
      const isMissing = (what: string) => async () =>
        (await ask("readyz")).endsWith(`Secret "${name}" of namespace "${home}": ${what}\n`);
      await eventually(isMissing("it is not there"), () => log);
      assert.equal(await ask("healthz"), "200 ok\n");
      const status = async () => (await cluster.hawser("controller", "status", "-n", home)).stdout;
      await eventually(async () => /^Certificate at \S+: .*it is not there$/m.test(await status()));

      const { chain, key } = await authority.sign(["127.0.0.1"]);
      await makeSecret({ chain, key: "" });
      await eventually(isMissing("it has no tls.key"), () => log);
      await cluster.patch("Secret", home, name, { data: encode({ "tls.key": key }) });
      await eventually(async () => await ask("readyz") === "200 ok\n", () => log);
      assert.ok(await isShown(port, { chain, key }));
      await eventually(async () => !/^Certificate at/m.test(await status()));
      process.kill(pod.process.pid!, "SIGTERM");
      assert.equal((await pod.ended).code, 0, log);
      assert.equal(log.match(/"certificate-awaited"/g)?.length, 2);
      kubectl(cluster.testbed, ["delete", "-f", "-"], manifest.stdout);
      await cluster.remove("Secret", home, name);
    });

    test("with --grant-ca system its tokens pin none", async () => {
      await makeSecret(await authority.sign(["localhost"]));
      const controller = await serve("--grant-ca=system");
      try {
        const { token } = await cluster.issue(west);
        assert.equal(token.spec.ca, "");
        const stored = await cluster.read("AccessGrant", west, token.metadata.name);
        assert.equal(stored?.status?.status, "Ready");
      } finally {
        await cluster.stopController(controller);
      }
    });

    test("while it is rolled out, replicas without it leave alone what others have written", async () => {
      const common = ["-n", home, `--expose=127.0.0.1:${await findFreePort()}`];
      await cluster.remove("Secret", home, name);
      await makeSecret(await authority.sign(["127.0.0.1"]));
      const before = await cluster.startController(...common);
      const { token } = await cluster.issue(west);
      const next = await cluster.startController(...common, `--grant-secret=${name}`);
      try {
        const grant = async () => await cluster.read("AccessGrant", west, token.metadata.name);
        await eventually(async () => (await grant())?.status?.ca === authority.root);
        const stored = await grant();
        await cluster.issue(west); // both have looked at it
        assert.deepEqual(await grant(), stored);
      } finally {
        for (const each of [before, next]) await cluster.stopController(each);
      }
    });

    test("a link trusts what signed the Secret that a RouterAccess names", async () => {
      const south = await cluster.createSite("south", "--enable-link-access");
      await makeSecret(await authority.sign(["127.0.0.1"]), authority.root, south);
      await cluster.create(south, {
        apiVersion: "skupper.io/v2alpha1",
        kind: "RouterAccess",
        metadata: { name: "south" },
        spec: { roles: [{ name: "inter-router", port: 55671 }], tlsCredentials: name },
      });
      const controller = await cluster.startController("--grant-host=127.0.0.1");
      try {
        const { token } = await cluster.issue(south);
        const { body } = await postToken(token, { name: "link", subject: "x" });
        const [found] = readResources(body, "the answer");
        const ca = secretText(parseResource("Secret", found!, "the answer"), "ca.crt")!;
        const [issuer, listener] = certificatesIn(ca);
        assert.match(readCertificate(issuer!).subject, /CA|ca/);
        assert.equal(listener, authority.root);
      } finally {
        await cluster.stopController(controller);
      }
    });
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
