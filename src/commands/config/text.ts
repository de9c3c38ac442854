import { table } from "../../cli/output.ts";
import { escapeControls } from "../../cli/printable.ts";
import type { Server } from "../../jfrog/server.ts";
import { mask, maskServer, maskToken, maskUrls } from "../../jfrog/config/masked_server.ts";

/** A line of `config show`: its label with the tabs that jf puts behind it. */
const lines: [label: string, of: (server: Server) => string | undefined][] = [
  ["Server ID:\t\t\t", ({ serverId }) => serverId],
  ["JFrog Platform URL:\t\t", ({ url }) => url],
  ["Artifactory URL:\t\t", ({ artifactoryUrl }) => artifactoryUrl],
  ["Distribution URL:\t\t", ({ distributionUrl }) => distributionUrl],
  ["Xray URL:\t\t\t", ({ xrayUrl }) => xrayUrl],
  ["Mission Control URL:\t\t", ({ missionControlUrl }) => missionControlUrl],
  ["Pipelines URL:\t\t\t", ({ pipelinesUrl }) => pipelinesUrl],
  ["User:\t\t\t\t", ({ user }) => user],
  ["Password:\t\t\t", ({ password }) => mask(password)],
  ["Access token:\t\t\t", ({ accessToken }) => maskToken(accessToken)],
  ["Refresh token:\t\t\t", ({ refreshToken }) => mask(refreshToken)],
  ["SSH key file path:\t\t", ({ sshKeyPath }) => sshKeyPath],
  ["SSH passphrase:\t\t\t", ({ sshPassphrase }) => mask(sshPassphrase)],
  ["Client certificate file path:\t", ({ clientCertPath }) => clientCertPath],
  ["Client certificate key path:\t", ({ clientCertKeyPath }) => clientCertKeyPath],
  ["Default:\t\t\t", ({ isDefault }) => String(isDefault === true)],
];

/** The rows of `config show --format table`, in order. */
const rows: [field: string, name: keyof Server][] = [
  ["server_id", "serverId"],
  ["url", "url"],
  ["artifactory_url", "artifactoryUrl"],
  ["distribution_url", "distributionUrl"],
  ["xray_url", "xrayUrl"],
  ["mission_control_url", "missionControlUrl"],
  ["pipelines_url", "pipelinesUrl"],
  ["user", "user"],
  ["password", "password"],
  ["access_token", "accessToken"],
  ["refresh_token", "refreshToken"],
  ["ssh_key_path", "sshKeyPath"],
  ["ssh_passphrase", "sshPassphrase"],
  ["client_cert_path", "clientCertPath"],
  ["client_cert_key_path", "clientCertKeyPath"],
  ["is_default", "isDefault"],
];

/** The servers as jf shows them without --format: the default one last (docs/spec/jfrog.md 4.2). */
export function legacyText(servers: Server[]): string {
  const shown = servers.map(maskUrls);
  const at = shown.findIndex(({ isDefault }) => isDefault);
  if (at >= 0 && !shown.at(-1)!.isDefault) {
    [shown[at], shown[shown.length - 1]] = [shown.at(-1)!, shown[at]!];
  }
  return shown.map((server) =>
    lines.map(([label, of]) => {
      const value = of(server);
      return value ? `${label}${escapeControls(value)}\n` : "";
    }).join("") + "\n"
  ).join("");
}

/** The servers as fields and values, as jf's --format table shows them. */
export function serverTables(servers: Server[]): string {
  return servers.map((server) => {
    const shown = maskServer(server);
    const filled = rows.filter(([, name]) => shown[name] !== undefined);
    return table([
      ["FIELD", "VALUE"],
      ...filled.map(([field, name]) => [field, String(shown[name])]),
    ]);
  }).join("---\n");
}
