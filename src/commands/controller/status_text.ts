import { fields } from "../../cli/output.ts";
import type { ControllerStatus } from "../../platform/abilities.ts";

/** What is known of a running controller, a line each. */
export function describeController(status: ControllerStatus): string {
  const rows: [string, string | undefined][] = [
    ["Data home", status.home],
    ["Engine", status.engine],
    ["Container", status.container],
    ["Image", status.image],
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
