import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";

/** A kubeconfig whose credentials a shell script gives. */
function writeKubeconfig(sandbox: Sandbox, script: string): string {
  const command = sandbox.write("login", `#!/bin/sh\ncd ${sandbox.folder}\n${script}\n`, 0o700);
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command,
    interactiveMode: "Never",
  };
  return sandbox.write(
    "kubeconfig",
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "u", user: { exec } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    }),
  );
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test(
  "a command's time limit ends the wait for an exec plugin, and all that this one has started",
  inSandbox(async (sandbox) => {
    const kubeconfig = writeKubeconfig(sandbox, "sleep 600 & echo $! > pid; wait");
    const args = ["-p", "kubernetes", "--kubeconfig", kubeconfig, "--timeout", "1s"];
    assertRefused(
      await sandbox.hawser(["site", "create", "west", ...args]),
      124,
      `error: Timed out after 1s waiting for credentials from ${sandbox.folder}/login`,
    );
    const pid = Number(fs.readFileSync(path.join(sandbox.folder, "pid"), "utf8"));
    await eventually(() => !isRunning(pid));
  }),
);
