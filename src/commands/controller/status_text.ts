import { fields } from "../../cli/output.ts";
import type { ControllerStatus, RunningController } from "../../platform/abilities.ts";
import type { CertificateStatus } from "../../platform/certificate_status.ts";
import { sayDuration } from "../../wait/duration.ts";
import { describeCluster } from "./cluster_text.ts";

/** What is known of a controller, a line each, or of those of a cluster. */
export function describeController(status: ControllerStatus): string {
  if ("cluster" in status) return describeCluster(status.home, status.cluster);
  const served: Partial<RunningController> = status.running ? status : {};
  const rows: [string, string | undefined][] = [
    ["Data home", status.home],
    ["Engine", status.engine],
    ["Container", status.container],
    ["Image", status.image],
    ["Unit", status.unit],
    ["Process", status.pid?.toString()],
    ["Version", served.version],
    ["Started", served.startedAt && withAge(served.startedAt)],
    ["Grant service", served.grantUrl],
    ["Certificate", served.certificate && describeCertificate(served.certificate)],
    ["Tokens pin", served.certificate && describePins(served.certificate)],
    ["Operations", served.operationsUrl],
    ["Namespaces", status.namespaces && (status.namespaces.join(", ") || "none")],
    ["Log", status.log],
    ["Clock", served.clock],
    ["Certificate problem", served.certificate?.problem],
    ["Tokens refused", served.certificate?.notice],
    ["Problem", status.problem],
    ["Taken port", status.running ? undefined : status.takenPort?.toString()],
  ];
  return fields(rows.filter((row): row is [string, string] => row[1] !== undefined));
}

function describeCertificate({ place, names, notAfter }: CertificateStatus): string {
  return `${place} (${names.join(", ")}; ends ${notAfter})`;
}

function describePins({ pins }: CertificateStatus): string {
  return pins.length > 0
    ? pins.join(", ")
    : "no authority: redeemers trust the certificate by their systems";
}

function withAge(startedAt: string): string {
  const ms = Math.max(1000, Date.now() - Date.parse(startedAt));
  return `${startedAt} (${sayDuration(ms)} ago)`;
}
