import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { lock } from "../../../src/runtime/lock.ts";

/** The programs a testbed runs, as paths. */
export interface Programs {
  apiServer: string;
  kubectl: string;
}

/**
 * What this machine lacks to run a Kubernetes API server, as in "Go and etcd"; undefined if
 * nothing.
 */
export const missingForKubernetes: string | undefined = findMissing();

/**
 * The API server and kubectl of the versions that go.mod pins, built on first use (4 minutes on 2
 * cores) into a cache folder named by the hash of go.mod and go.sum.
 */
export async function buildPrograms(): Promise<Programs> {
  const folder = path.join(cacheHome(), "hawser-testbed", `kubernetes-${pinnedVersions()}`);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const programs = {
    apiServer: path.join(folder, "kube-apiserver"),
    kubectl: path.join(folder, "kubectl"),
  };
  const building = await lock(path.join(folder, "lock"), new AbortController().signal);
  try {
    for (const program of Object.values(programs)) await build(program);
  } finally {
    building.release();
  }
  return programs;
}

async function build(program: string): Promise<void> {
  if (fs.existsSync(program)) return;
  const unfinished = `${program}.unfinished`;
  const source = `k8s.io/kubernetes/cmd/${path.basename(program)}`;
  const args = ["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", unfinished];
  await promisify(execFile)("go", [...args, source], {
    cwd: import.meta.dirname!,
    env: { ...process.env, CGO_ENABLED: "0" },
    maxBuffer: 64 * 1024 * 1024,
  });
  fs.renameSync(unfinished, program);
}

function pinnedVersions(): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) {
    hash.update(fs.readFileSync(path.join(import.meta.dirname!, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

function cacheHome(): string {
  return process.env["XDG_CACHE_HOME"] || path.join(os.homedir(), ".cache");
}

function findMissing(): string | undefined {
  const needs = [["Go", "go", "version"], ["etcd", "etcd", "--version"], [
    "openssl",
    "openssl",
    "version",
  ]] as const;
  const missing = needs
    .filter(([, program, question]) => spawnSync(program, [question]).status !== 0)
    .map(([name]) => name);
  return missing.length === 0 ? undefined : missing.join(" and ");
}
