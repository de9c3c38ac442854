import type { LocalRunOptions } from "../../../src/platform/controller_options.ts";
import type { PlatformName } from "../../../src/platform/name.ts";

/** The event a controller reports that waits for another one to end. */
export const waitingEvent = "waiting";

/** The words after the program's that run the controller with those options. */
export function runWords(platform: PlatformName, options: LocalRunOptions): string[] {
  const { grantHost, certificate, grantPort, operationsPort, proxyProtocolFrom, wait } = options;
  const words = ["controller", "run", "--platform", platform, "--output", "json"];
  if (grantHost !== undefined) words.push("--grant-host", grantHost);
  if (certificate !== undefined) {
    words.push("--grant-certificate", certificate.certificate, "--grant-key", certificate.key);
    if (certificate.authorities !== undefined) words.push("--grant-ca", certificate.authorities);
  }
  if (grantPort !== undefined) words.push("--grant-port", String(grantPort));
  if (operationsPort !== undefined) words.push("--operations-port", String(operationsPort));
  if (proxyProtocolFrom !== undefined) {
    words.push("--proxy-protocol-from", proxyProtocolFrom.join(","));
  }
  if (wait) words.push("--wait");
  return words;
}

/** What a controller needs of the environment beside its data home: the way out. */
export function proxySettings(env: Record<string, string | undefined>): Record<string, string> {
  const isSetting = ([name, value]: [string, string | undefined]) =>
    /^(https?|all|no)_proxy$/i.test(name) && value !== undefined;
  return Object.fromEntries(Object.entries(env).filter(isSetting)) as Record<string, string>; // filtered
}

/** Whom the controller is to trust beyond its system. */
export function trustSettings(env: Record<string, string | undefined>): Record<string, string> {
  const names = ["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"];
  return Object.fromEntries(names.flatMap((name) => env[name] ? [[name, env[name]]] : []));
}

/** True once a controller that writes `output` is ready to take over from another one. */
export function isWaiting(output: string): boolean {
  return output.includes(`"event":"${waitingEvent}"`);
}

/** The error that a controller that wrote `output` ended with; undefined if it named none. */
export function findError(
  output: string,
): { code: string; message: string; hint?: string } | undefined {
  const line = output.split("\n").findLast((line) => line.startsWith('{"error":{'));
  try {
    return line && JSON.parse(line).error;
  } catch {
    return undefined; // it ended amid the line
  }
}

/**
 * Why a controller that wrote `output` has ended before it answered; `ending` as its process tells.
 */
export function whyEnded(output: string, ending?: string): string {
  const silent = `it ended without a word${ending === undefined ? "" : ` (${ending})`}`;
  return findError(output)?.message ?? (output.trim().split("\n").at(-1) || silent);
}
