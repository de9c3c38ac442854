import { fields, table } from "../../cli/output.ts";
import type { ClusterController, ClusterStatus } from "../../platform/cluster_status.ts";

/**
 * What is known of a cluster: who serves the namespace, Skupper's resources, and what the user may
 * do.
 */
export function describeCluster(url: string, status: ClusterStatus): string {
  const {
    namespace,
    clock,
    wrongClocks = [],
    wrongCertificates = [],
    controllers,
    seesAll,
    grants = [],
    resources,
    commands,
  } = status;
  return [
    fields([
      ["Cluster", url],
      ["Namespace", namespace],
      ...(clock === undefined ? [] : [["Clock", clock] as [string, string]]),
      ...wrongClocks.map(({ replica, problem }): [string, string] => [
        `Clock at ${replica}`,
        problem,
      ]),
      ...wrongCertificates.map(({ replica, problem }): [string, string] => [
        `Certificate at ${replica}`,
        problem,
      ]),
    ]),
    controllers.length === 0 ? "No controller serves the namespace.\n" : table([
      ["CONTROLLER", "NAMESPACE", "PROGRAM", "VERSION", "READY", "GRANTS", "SERVES"],
      ...controllers.map(rowOf),
    ]),
    ...(seesAll
      ? []
      : ["You may not list the deployments of all namespaces: there may be more.\n"]),
    ...(grants.length === 0 ? [] : [table([
      ["ACCESS GRANTS", "REDEEMED AT"],
      ...grants.map(({ count, url }) => [String(count), url ?? "nobody serves them"]),
    ])]),
    table([
      ["RESOURCE", "VERSIONS"],
      ...resources.map(({ name, versions }) => [name, versions.join(", ") || "missing"]),
    ]),
    table([
      ["COMMAND", "ALLOWED"],
      ...commands.map(({ command, missing }) => [
        command,
        missing.length === 0 ? "yes" : `no: you may not ${missing.join(", ")}`,
      ]),
    ]),
  ].join("\n");
}

function rowOf(controller: ClusterController): string[] {
  const { name, namespace, program, version, ready, wanted, grants, namespaces } = controller;
  return [
    name,
    namespace,
    program,
    version ?? "?",
    ready === undefined ? "?" : `${ready}/${wanted}`,
    grants === undefined ? "?" : grants ? "enabled" : "disabled",
    namespaces?.join(",") ?? (ready === undefined ? "?" : "all namespaces"),
  ];
}
