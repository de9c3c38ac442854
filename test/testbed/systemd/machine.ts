import { execFile, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { lock } from "../../../src/runtime/lock.ts";
import { missingForEngine } from "../engines/programs.ts";
import { type EngineTestbed, startEngine } from "../engines/start.ts";

/** What this machine lacks to run systemd in a container; undefined if nothing. */
export const missingForSystemd: string | undefined = missingForEngine.docker ??
  (["docker", "debootstrap"].find((name) => spawnSync(name, ["--version"]).status !== 0));

/** What a program run on the machine left behind. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A container that systemd has booted, with the network of this machine. */
export interface SystemdMachine {
  /** Runs a program as that user, root by default. */
  run(words: string[], options?: { user?: string; stdin?: string }): Promise<Finished>;
  stop(): Promise<void>;
}

/** The Debian release whose systemd it is, and what a user's systemd needs beside it. */
const release = "bookworm";
const packages = ["systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd"];

/** Another number where what is in the image changes. */
const imageVersion = 1;

const image = "systemd:test";
const machine = "machine";

/**
 * Boots a machine that sees those folders of this one, `<folder>:<where>[:ro]`; needs what
 * `missingForSystemd` names.
 */
export async function startSystemd(volumes: string[]): Promise<SystemdMachine> {
  const archive = await buildImage();
  const engine = await startEngine("docker");
  const docker = (words: string[]) =>
    promisify(execFile)("docker", [`--host=unix://${engine.socket}`, ...words]);
  try {
    await docker(["import", archive, image]);
    await docker([
      ...["run", "--detach", `--name=${machine}`, "--network=host", "--cap-add=SYS_ADMIN"],
      ...["--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined"],
      ...["--tmpfs=/run", "--tmpfs=/tmp", "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw"],
      ...[...volumes.map((volume) => `--volume=${volume}`), image, "/sbin/init"],
    ]);
    const run = runOn(engine);
    while ((await run(["systemctl", "is-system-running"])).code !== 0) await pause();
    return { run, stop: () => engine.stop() };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

function runOn(engine: EngineTestbed): SystemdMachine["run"] {
  return (words, { user = "root", stdin = "" } = {}) => {
    const exec = [`--host=unix://${engine.socket}`, "exec", "--interactive", `--user=${user}`];
    const child = spawn("docker", [...exec, `--workdir=/`, machine, ...words]);
    child.stdin.on("error", () => {}).end(stdin);
    const finished: Finished = { code: null, stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => finished[name] += text);
    }
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ ...finished, code }));
    });
  };
}

/** The machine's root file system as an archive, made on first use (a minute on 2 cores). */
async function buildImage(): Promise<string> {
  const cache = process.env["XDG_CACHE_HOME"] || path.join(os.homedir(), ".cache");
  const folder = path.join(cache, "hawser-testbed", `systemd-${release}-${imageVersion}`);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const archive = path.join(folder, "root.tar");
  const building = await lock(path.join(folder, "lock"), new AbortController().signal);
  try {
    if (!fs.existsSync(archive)) await build(path.join(folder, "root"), archive);
  } finally {
    building.release();
  }
  return archive;
}

async function build(root: string, archive: string): Promise<void> {
  const run = promisify(execFile);
  fs.rmSync(root, { recursive: true, force: true });
  const include = `--include=${packages.join(",")}`;
  await run("debootstrap", ["--variant=minbase", include, release, root], {
    maxBuffer: 64 * 1024 * 1024,
  });
  await run("tar", ["-C", root, "-cf", `${archive}.unfinished`, "."]);
  fs.rmSync(root, { recursive: true });
  fs.renameSync(`${archive}.unfinished`, archive);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}
