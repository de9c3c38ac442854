import { once } from "node:events";
import process from "node:process";
import { missingForEngine } from "../test/testbed/engines/programs.ts";
import { type EngineName, startEngine } from "../test/testbed/engines/start.ts";
import { missingForKubernetes } from "../test/testbed/kubernetes/programs.ts";
import { startSiteStandIn } from "../test/testbed/kubernetes/site_stand_in.ts";
import { startKubernetes } from "../test/testbed/kubernetes/start.ts";

/** Has a Kubernetes API server at hand, whose Sites turn ready, until Ctrl-C. */
async function serveKubernetes(): Promise<void> {
  if (missingForKubernetes !== undefined) {
    throw new Error(`A Kubernetes testbed needs ${missingForKubernetes}`);
  }
  console.log("Starting an API server (the first time it is built, which takes minutes) …");
  const testbed = await startKubernetes();
  const standIn = startSiteStandIn(testbed, "127.0.0.1");
  console.log(`API server ${testbed.url}, files in ${testbed.folder}; Ctrl-C ends it.\n`);
  console.log(`export KUBECONFIG=${testbed.kubeconfig}`);
  console.log(`alias kubectl=${testbed.kubectl}`);
  await untilAskedToEnd();
  await standIn.stop();
  await testbed.stop();
}

/** Has a container engine at hand, with images and containers of its own, until Ctrl-C. */
async function serveEngine(name: EngineName): Promise<void> {
  if (missingForEngine[name] !== undefined) {
    throw new Error(`An engine testbed needs ${missingForEngine[name]}`);
  }
  const testbed = await startEngine(name);
  console.log(`Engine at ${testbed.socket}, files in ${testbed.folder}; Ctrl-C ends it.\n`);
  console.log(`export CONTAINER_ENDPOINT=unix://${testbed.socket}`);
  console.log(`export SKUPPER_PLATFORM=${name}`);
  await untilAskedToEnd();
  await testbed.stop();
}

async function untilAskedToEnd(): Promise<void> {
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
}

const [name] = process.argv.slice(2);
if (name === "kubernetes") await serveKubernetes();
else if (name === "docker" || name === "podman") await serveEngine(name);
else throw new Error("Usage: deno task testbed kubernetes|docker|podman");
