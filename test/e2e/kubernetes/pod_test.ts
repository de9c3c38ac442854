import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { operationsPort } from "../../../platforms/kubernetes/deployed_names.ts";
import { makeImage } from "../../../scripts/image.ts";
import { missingForEngine } from "../../testbed/engines/programs.ts";
import { startEngine } from "../../testbed/engines/start.ts";
import { kubectl } from "../../testbed/kubernetes/kubectl.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { findFreePort } from "../../testbed/server_process.ts";
import { Cluster } from "../stage/cluster.ts";
import { eventually } from "../stage/eventually.ts";

const executable = fileURLToPath(new URL("../../../dist/hawser", import.meta.url));
const missing = [missingForEngine.docker, missingForKubernetes]
  .filter((needed) => needed !== undefined).join(" and ");

/** A container of the Deployment, as far as it is looked at here. */
interface Container {
  image: string;
  args: string[];
}

test(
  `the image serves a cluster as its Deployment's Pod would${missing && ` (needs ${missing})`}`,
  { skip: missing !== "" },
  async () => {
    const cluster = await Cluster.open();
    const engine = await startEngine("docker");
    function docker(...args: string[]): string {
      const host = `--host=unix://${engine.socket}`;
      const { status, stdout, stderr } = spawnSync("docker", [host, ...args], { encoding: "utf8" });
      assert.equal(status, 0, `docker ${args.join(" ")}\n${stdout}${stderr}`);
      return stdout + stderr;
    }
    try {
      const port = await findFreePort();
      const home = await cluster.testbed.createNamespace();
      const words = ["controller", "manifest", "-n", home, `--expose=127.0.0.1:${port}`];
      const { stdout } = await cluster.succeed(...words, "-o", "json");
      kubectl(cluster.testbed, ["apply", "-f", "-"], stdout);
      const { image, args } = containerOf(stdout);
      const archive = path.join(cluster.sandbox.folder, "image.tar");
      await makeImage(executable, process.arch === "arm64" ? "arm64" : "x64", archive);
      docker("load", "--input", archive);
      docker(
        ...["run", "--detach", "--name=pod", "--network=host", "--env=HOSTNAME=controller-0"],
        ...["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"],
        ...serviceAccount(cluster, home),
        ...[image, ...args, `--grant-port=${port}`],
      );
      const answers = (question: string) =>
        fetch(`http://127.0.0.1:${operationsPort}/${question}`).then(({ ok }) => ok, () => false);
      await eventually(() => answers("readyz"), () => docker("logs", "pod"));
      assert.ok(await answers("healthz"));

      const west = await cluster.createSite("west", "--enable-link-access");
      const east = await cluster.createSite("east");
      const { file } = await cluster.issue(west);
      await cluster.succeed("token", "redeem", file, "-n", east);

      docker("stop", "pod");
      assert.equal(docker("inspect", "--format={{.State.ExitCode}}", "pod").trim(), "0");
      const log = docker("logs", "pod");
      assert.match(log, /"stopped"/);
      assert.ok(!/"(cluster|reconcile)-failed"/.test(log), log);
    } finally {
      spawnSync("docker", [`--host=unix://${engine.socket}`, "rm", "--force", "pod"]);
      await engine.stop();
      await cluster.end();
    }
  },
);

function containerOf(manifest: string): Container {
  const { items } = JSON.parse(manifest) as { items: { kind: string; spec: unknown }[] };
  const { spec } = items.find(({ kind }) => kind === "Deployment")!;
  return (spec as { template: { spec: { containers: [Container] } } }).template.spec.containers[0];
}

/** What the kubelet gives a Pod of the controller's ServiceAccount, as options of docker run. */
function serviceAccount({ testbed, sandbox }: Cluster, namespace: string): string[] {
  const folder = path.join(sandbox.folder, "service-account");
  const token = kubectl(testbed, ["create", "token", "-n", namespace, "hawser-controller"]);
  const files = { token, namespace, "ca.crt": fs.readFileSync(testbed.authority.certificate) };
  fs.mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    fs.writeFileSync(path.join(folder, name), content, { mode: 0o644 });
  }
  const { hostname, port } = new URL(testbed.url);
  return [
    `--volume=${folder}:/var/run/secrets/kubernetes.io/serviceaccount:ro`,
    `--env=KUBERNETES_SERVICE_HOST=${hostname}`,
    `--env=KUBERNETES_SERVICE_PORT=${port}`,
  ];
}
