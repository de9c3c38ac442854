import { once } from "node:events";
import process from "node:process";
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
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await standIn.stop();
  await testbed.stop();
}

const [name] = process.argv.slice(2);
if (name !== "kubernetes") throw new Error("Usage: deno task testbed kubernetes");
await serveKubernetes();
