import type { ClusterStatus } from "../platform/cluster_status.ts";
import { type Finding, type Look, note, ok, type Patient, problem } from "./finding.ts";

/** The cluster: what is installed there, who serves the namespace, and what this user may do. */
export async function checkCluster(patient: Patient): Promise<Look> {
  return { findings: await describeCluster(patient) };
}

async function describeCluster({ platform, say, signal }: Patient): Promise<Finding[]> {
  const status = await platform.controllerProbe!.status(signal);
  if (!("cluster" in status)) return [];
  const manifest = `${say.command("controller manifest")} | kubectl apply -f -`;
  const { cluster, running, home } = status;
  return [
    ok("cluster", `${home} answers`),
    ...checkDefinitions(cluster, manifest),
    running
      ? ok("controller", `${cluster.controllers.map(({ name }) => name).join(", ")} serves here`)
      : problem("controller", `none serves namespace "${cluster.namespace}"`, manifest),
    ...checkGrants(cluster, manifest),
    cluster.clock === undefined
      ? ok("clock", "this machine's and the cluster's agree")
      : problem("clock", cluster.clock, "Set it by a time server."),
    ...(cluster.wrongCertificates ?? []).map(({ replica, problem: wrong }) =>
      problem(
        "certificate",
        `at ${replica}: ${wrong}`,
        "Mend the Secret that --grant-secret names.",
      )
    ),
    ...cluster.commands.filter(({ missing }) => missing.length > 0).map(({ command, missing }) =>
      note("rights", `not enough for "${command}": ${missing.join(", ")}`)
    ),
  ];
}

function checkDefinitions({ resources }: ClusterStatus, manifest: string): Finding[] {
  const missing = resources.filter(({ versions }) => versions.length === 0);
  if (missing.length === 0) return [];
  const names = missing.map(({ name }) => name).join(", ");
  return [problem("definitions", `the cluster lacks ${names}`, manifest)];
}

function checkGrants({ controllers, grants }: ClusterStatus, manifest: string): Finding[] {
  const unserved = (grants ?? []).filter(({ url }) => url === undefined);
  const count = unserved.reduce((sum, { count }) => sum + count, 0);
  if (count > 0) {
    return [problem("grants", `${count} of them are served by nobody`, manifest)];
  }
  return controllers.length > 0 && controllers.every((one) => one.grants === false)
    ? [problem("grants", "no controller serves them here", manifest)]
    : [];
}
