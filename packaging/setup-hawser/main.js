import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { fetchArchive, findTarget, sumOf } from "./release.js";

const { env } = process;

try {
  const version = input("version") || ownVersion();
  const executable = await install(version);
  tell("GITHUB_PATH", path.dirname(executable));
  tell("GITHUB_OUTPUT", `version=${version}`);
  tell("GITHUB_OUTPUT", `path=${executable}`);
  if (input("revoke") !== "false") {
    const undo = path.join(env.RUNNER_TEMP, `hawser-undo-${randomBytes(8).toString("hex")}`);
    tell("GITHUB_ENV", `HAWSER_UNDO_FILE=${undo}`);
    tell("GITHUB_STATE", `undo=${undo}`);
    tell("GITHUB_STATE", `executable=${executable}`);
  }
  console.log(`hawser ${version} is ${executable}`);
} catch (error) {
  console.log(`::error::${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}

/** Installs the version where the runner keeps its tools, unless it is there; returns its path. */
async function install(version) {
  const target = findTarget();
  const isWindows = process.platform === "win32";
  const sha256 = input("sha256");
  const folder = path.join(env.RUNNER_TOOL_CACHE || env.RUNNER_TEMP, "hawser", version, target);
  const executable = path.join(folder, isWindows ? "hawser.exe" : "hawser");
  if (isWhole(folder, executable, sha256)) return executable;

  const name = `hawser-${version}-${target}`;
  const file = `${name}.${isWindows ? "zip" : "tar.gz"}`;
  const { archive, sum } = await fetchArchive(`${baseUrl()}/v${version}`, file, {
    sha256,
    publicKey: input("public-key"),
  });
  const fresh = `${folder}.${randomBytes(8).toString("hex")}`;
  fs.mkdirSync(fresh, { recursive: true });
  try {
    fs.writeFileSync(path.join(fresh, file), archive);
    // both kinds of archive: where it is a zip, tar is bsdtar
    execFileSync("tar", ["-xf", file, "--strip-components=1"], { cwd: fresh });
    fs.rmSync(path.join(fresh, file));
    const bytes = fs.readFileSync(path.join(fresh, path.basename(executable)));
    fs.writeFileSync(path.join(fresh, "sums.json"), JSON.stringify({ sum, own: sumOf(bytes) }));
    // a job beside this one may be first
    if (!isWhole(folder, executable, sha256)) {
      fs.rmSync(folder, { recursive: true, force: true });
      try {
        fs.renameSync(fresh, folder);
      } catch (error) {
        if (!isWhole(folder, executable, sha256)) throw error;
      }
    }
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
  return executable;
}

/** True if a job before has installed it, and nobody has changed it since. */
function isWhole(folder, executable, sha256) {
  try {
    const { sum, own } = JSON.parse(fs.readFileSync(path.join(folder, "sums.json"), "utf8"));
    return sumOf(fs.readFileSync(executable)) === own && (!sha256 || sha256.toLowerCase() === sum);
  } catch {
    return false;
  }
}

function baseUrl() {
  const own = `${env.GITHUB_SERVER_URL}/${env.GITHUB_ACTION_REPOSITORY}/releases/download`;
  return (input("base-url") || own).replace(/\/$/, "");
}

/** The version of the repository that this action lies in. */
function ownVersion() {
  return JSON.parse(fs.readFileSync(new URL("../../deno.json", import.meta.url), "utf8")).version;
}

function input(name) {
  return (env[`INPUT_${name.toUpperCase()}`] ?? "").trim();
}

/** Adds a line to one of the files that the runner reads. */
function tell(file, line) {
  fs.appendFileSync(env[file], `${line}\n`);
}
