import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";

/** How an engine is run for a test. */
export interface EngineProgram {
  /** The program and its arguments. */
  words: string[];
  env: Record<string, string>;
  /** Shell commands that end the engine, whose process id is `$!`, and its containers. */
  end: string;
}

/** What this machine lacks to run an engine, as in "docker"; undefined if nothing. */
export const missingForEngine: Record<"docker" | "podman", string | undefined> = {
  docker: findMissing("docker", ["dockerd", "runc"]),
  podman: findMissing("podman", ["podman", "runc"]),
};

/** Docker with all its files in the folder; its containers have the host's network or none. */
export function dockerProgram(folder: string, socket: string): EngineProgram {
  return {
    words: [
      "dockerd",
      `--config-file=${write(folder, "daemon.json", ["{}"])}`,
      `--data-root=${path.join(folder, "data")}`,
      `--exec-root=${path.join(folder, "exec")}`,
      `--pidfile=${path.join(folder, "pid")}`,
      `--host=unix://${socket}`,
      "--bridge=none",
      "--iptables=false",
      "--ip6tables=false",
    ],
    env: {},
    end: "kill -TERM $!",
  };
}

/**
 * Podman's service with all its files in the folder. Its usual runtime does not run where control
 * groups are a hybrid of both versions, and its usual limits need a capability that a machine in a
 * cloud may lack.
 */
export function podmanProgram(folder: string, socket: string, rootless: boolean): EngineProgram {
  const containers = [
    "[engine]",
    'runtime = "runc"',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    'lock_type = "file"',
    `tmp_dir = "${path.join(folder, "tmp")}"`,
    "[containers]",
    'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
  ];
  const storage = [
    "[storage]",
    'driver = "overlay"',
    `graphroot = "${path.join(folder, "data")}"`,
    `runroot = "${path.join(folder, "run")}"`,
  ];
  const env = {
    CONTAINERS_CONF: write(folder, "containers.conf", containers),
    CONTAINERS_STORAGE_CONF: write(folder, "storage.conf", storage),
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
  };
  const user = rootless ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  if (rootless) spawnSync("chown", ["--recursive", "65534:65534", folder]);
  const words = [...user, "podman", "system", "service", "--time=0", `unix://${socket}`];
  const removal = [...user, "podman", "rm", "--all", "--force", "--time=0"].join(" ");
  if (!rootless) return { words, env, end: `kill -TERM $!; wait; ${removal}` };
  // it runs on in a child, in a user namespace that yet another process keeps
  const pause = path.join(folder, "tmp", "pause.pid");
  const end = [
    "service=$(cat /proc/$!/task/*/children)",
    "kill -TERM $! $service",
    "wait",
    removal,
    `kill -KILL $service $(cat ${pause})`,
  ];
  return { words, env, end: end.join("; ") };
}

function write(folder: string, name: string, lines: string[]): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, lines.join("\n"));
  return file;
}

/** Containers need a user who may mount file systems and make namespaces. */
function findMissing(name: string, programs: string[]): string | undefined {
  const isThere = (program: string) => spawnSync(program, ["--version"]).status === 0;
  if (!programs.every(isThere)) return name;
  return process.getuid?.() === 0 ? undefined : `root for ${name}`;
}
