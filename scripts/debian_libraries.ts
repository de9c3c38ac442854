import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

/** What Debian calls a processor's architecture. */
export type DebianArchitecture = "amd64" | "arm64";

/** Whether Debian's packages can be had here. */
export const hasDebianPackages: boolean = ["apt-get", "dpkg-deb"].every((program) =>
  spawnSync(program, ["--version"]).status === 0
);

/**
 * Unpacks Debian's C library for the architecture, whatever this machine's own, below `folder` and
 * returns the root of what was unpacked. Nothing is installed: apt keeps lists and packages in
 * `folder`, and checks both by the keys and sources of this machine. Throws where apt does.
 */
export function unpackLibraries(architecture: DebianArchitecture, folder: string): string {
  for (const name of ["state/lists/partial", "cache/archives/partial", "root"]) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  }
  const settings = [
    `Dir::State=${path.join(folder, "state")}`,
    `Dir::Cache=${path.join(folder, "cache")}`,
    "Dir::State::status=/dev/null",
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    "Acquire::Languages=none",
    // apt's own user may not enter the folder
    "APT::Sandbox::User=",
  ].flatMap((setting) => ["-o", setting]);
  run("apt-get", [...settings, "-qq", "update"], folder);
  run("apt-get", [...settings, "-qq", "download", "libc6"], folder);
  const [archive] = fs.readdirSync(folder).filter((name) => name.endsWith(".deb"));
  run("dpkg-deb", ["--extract", archive!, "root"], folder);
  return path.join(folder, "root");
}

function run(program: string, args: string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}
