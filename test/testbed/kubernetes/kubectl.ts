import { spawnSync } from "node:child_process";
import type { KubernetesTestbed } from "./start.ts";

/** Runs kubectl as the administrator and returns what it printed; throws what it complained of. */
export function kubectl(testbed: KubernetesTestbed, args: string[], stdin = ""): string {
  const { status, stdout, stderr } = spawnSync(
    testbed.kubectl,
    [`--kubeconfig=${testbed.kubeconfig}`, ...args],
    { input: stdin, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`kubectl ${args.join(" ")}\n${stderr}`);
  return stdout;
}
