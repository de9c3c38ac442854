import { fields } from "../../cli/output.ts";
import type { ControllerStatus } from "../../platform/abilities.ts";
import { describeCluster } from "./cluster_text.ts";

/** What is known of a controller, a line each, or of those of a cluster. */
export function describeController(status: ControllerStatus): string {
  if (status.cluster !== undefined) return describeCluster(status.home, status.cluster);
  const rows: [string, string | undefined][] = [
    ["Data home", status.home],
    ["Engine", status.engine],
    ["Container", status.container],
    ["Image", status.image],
    ["Unit", status.unit],
    ["Process", status.pid?.toString()],
    ["Version", status.version],
    ["Started", status.startedAt],
    ["Grant service", status.grantUrl],
    ["Operations", status.operationsUrl],
    ["Namespaces", status.namespaces && (status.namespaces.join(", ") || "none")],
    ["Log", status.log],
    ["Problem", status.problem],
  ];
  return fields(rows.filter((row): row is [string, string] => row[1] !== undefined));
}
