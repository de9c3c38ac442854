import * as fs from "node:fs";
import * as path from "node:path";
import type { Sandbox } from "./harness.ts";

/** Options of a site that takes links, for networks that end at this machine. */
export const linkAccess = ["--enable-link-access", "--link-host", "127.0.0.1"];

/**
 * Starts the controller, and makes the site west, which takes links, and the others, which don't.
 */
export async function prepareSites(sandbox: Sandbox, ...others: string[]): Promise<void> {
  await sandbox.succeed(["controller", "start"]);
  await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
  for (const name of others) await sandbox.succeed(["site", "create", name, "-n", name]);
}

/** Has west issue a token into that file of the sandbox; returns its grant's name. */
export async function issueToken(
  sandbox: Sandbox,
  file: string,
  ...options: string[]
): Promise<string> {
  const args = ["token", "issue", file, "-n", "west", "-o", "json", ...options];
  return JSON.parse((await sandbox.succeed(args)).stdout).grant;
}

/** A grant as `grant list` shows it. */
export interface ListedGrant {
  name: string;
  status: string;
  message?: string;
  redemptions: number;
}

export async function listGrants(sandbox: Sandbox, namespace = "west"): Promise<ListedGrant[]> {
  const { stdout } = await sandbox.succeed(["grant", "list", "-n", namespace, "-o", "json"]);
  return JSON.parse(stdout);
}

/** The files of a namespace's input that redemptions make, and the keys of those under way. */
export function redemptionFiles(sandbox: Sandbox, namespace: string): string[] {
  const input = path.join(sandbox.dataHome, "namespaces", namespace, "input/resources");
  const state = path.join(sandbox.dataHome, "hawser", namespace);
  return [...filesBelow(input), ...filesBelow(state)]
    .filter((file) => /^(Secret|Link)-|\.key$/.test(file)).sort();
}

function filesBelow(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map((entry) => entry.name);
}
