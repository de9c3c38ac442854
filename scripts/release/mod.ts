import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { version } from "../../src/version.ts";
import { buildFor, dist, root, type Target, targetName, targets } from "../build.ts";
import { type PackedFile, packGzip, packTar, packZip, packZstd } from "./archives.ts";
import { archiveFiles, type Bundle, makeBundle } from "./bundle.ts";
import { writeOutputSchema } from "../reference/outputs.ts";
import { findComponents } from "./components.ts";
import { type Archive, writeFormula } from "./formula.ts";
import { hasPackager, makeLinuxPackages } from "./linux_packages.ts";
import { signFile } from "./minisign.ts";
import { type Built, executablePackage, launcherPackage, packageName } from "./npm_packages.ts";
import { findOrigin, type Origin } from "./origin.ts";
import { describeProvenance, type ReleasedFile } from "./provenance.ts";
import { addToIndex } from "./release_index.ts";
import { describeInCycloneDx, describeInSpdx } from "./sbom.ts";

/** What is not in the commit: all of it may be left out, but not all of it should. */
interface Settings {
  targets: Target[];
  out: string;
  /** Where the folders of all releases are, by version. */
  baseUrl: string;
  repository: string;
  builder: string;
  /** The file with the key, made by `minisign -G -W`. */
  key: string | undefined;
  /** The index of the releases before. */
  index: string | undefined;
}

/** Makes the release in `out`, which is emptied before. */
export async function makeRelease(settings: Settings): Promise<void> {
  const { out, repository } = settings;
  const origin = findOrigin();
  const bundle = makeBundle(origin.committed);
  const url = `${settings.baseUrl}/v${version}`;
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  const write = (name: string, content: string | Uint8Array) =>
    fs.writeFileSync(path.join(out, name), content);

  const archives: Archive[] = [];
  for (const target of settings.targets) {
    const built = { target, file: buildFor(target) };
    archives.push(...await writeArchives(built, bundle, origin, write));
    await writeNpm(packageName(target), executablePackage(built, repository), origin, write);
    if (target.os === "linux") packLinux(built, bundle, origin, out);
  }
  await writeNpm("hawser", launcherPackage(settings.targets, repository), origin, write);
  write("hawser.rb", writeFormula(archives, url, repository));
  write("install.sh", installScript(settings.baseUrl));

  const components = findComponents();
  write(`hawser-${version}.cdx.json`, json(describeInCycloneDx(components, origin)));
  write(`hawser-${version}.spdx.json`, json(describeInSpdx(components, origin)));
  write(`hawser-${version}.outputs.schema.json`, writeOutputSchema());
  const made = listFiles(out);
  const { builder, index } = settings;
  const provenance = describeProvenance(made, components, origin, builder, repository);
  write(`hawser-${version}.intoto.json`, json(provenance));
  const earlier = index === undefined ? undefined : JSON.parse(fs.readFileSync(index, "utf8"));
  write("releases.json", json(addToIndex(earlier, made, origin, url, repository)));
  const sums = listFiles(out).map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");
  write("SHA256SUMS", sums);
  if (settings.key !== undefined) {
    const comment = `timestamp:${origin.committed} file:SHA256SUMS version:${version}`;
    const key = fs.readFileSync(settings.key, "utf8");
    write("SHA256SUMS.minisig", signFile(new TextEncoder().encode(sums), comment, key));
  }
}

type Write = (name: string, content: string | Uint8Array) => void;

/** Writes the archives for a target; returns those that Homebrew may take. */
async function writeArchives(
  { target, file }: Built,
  bundle: Bundle,
  { committed }: Origin,
  write: Write,
): Promise<Archive[]> {
  const name = `hawser-${version}-${targetName(target)}`;
  const isWindows = target.os === "win32";
  const executable = {
    path: isWindows ? "hawser.exe" : "hawser",
    bytes: fs.readFileSync(file),
  };
  const files = archiveFiles(name, executable, bundle);
  if (isWindows) {
    write(`${name}.zip`, await packZip(files, committed));
    return [];
  }
  const tar = await packTar(files, committed);
  const [gzip, zstd] = await Promise.all([packGzip(tar), packZstd(tar)]);
  write(`${name}.tar.gz`, gzip);
  write(`${name}.tar.zst`, zstd);
  return [{ target, name: `${name}.tar.gz`, sha256: sha256(gzip) }];
}

async function writeNpm(name: string, files: PackedFile[], origin: Origin, write: Write) {
  write(`npm-${name}-${version}.tgz`, await packGzip(await packTar(files, origin.committed)));
}

function packLinux({ target, file }: Built, bundle: Bundle, origin: Origin, out: string): void {
  if (!hasPackager()) throw new Error("Go makes the Linux packages, and is missing");
  const folder = fs.mkdtempSync(path.join(dist, "packages-"));
  try {
    makeLinuxPackages(file, target, bundle, origin, folder, out);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** The install script that takes this version from there, unless told else. */
function installScript(baseUrl: string): string {
  return fs.readFileSync(path.join(root, "packaging/install.sh"), "utf8")
    .replace(/^version=.*$/m, `version=\${HAWSER_VERSION:-${version}}`)
    .replace(/^base_url=.*$/m, `base_url=\${HAWSER_BASE_URL:-${baseUrl}}`);
}

/** The files in the folder, by name, with the SHA-256 of each. */
function listFiles(folder: string): ReleasedFile[] {
  return fs.readdirSync(folder).sort().map((name) => ({
    name,
    sha256: sha256(fs.readFileSync(path.join(folder, name))),
  }));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function readSettings(args: string[]): Settings {
  const { values } = parseArgs({
    args,
    options: {
      "target": { type: "string", multiple: true },
      "out": { type: "string", default: path.join(dist, "release") },
      "base-url": { type: "string", default: "https://releases.example/hawser" },
      "repository": { type: "string", default: "https://git.example/hawser" },
      "builder": { type: "string", default: "urn:hawser:task-release" },
      "key": { type: "string" },
      "index": { type: "string" },
    },
  });
  return {
    targets: values.target?.map(findTarget) ?? targets,
    out: path.resolve(values.out),
    baseUrl: values["base-url"],
    repository: values.repository,
    builder: values.builder,
    key: values.key,
    index: values.index,
  };
}

function findTarget(name: string): Target {
  const found = targets.find((target) => targetName(target) === name);
  if (found !== undefined) return found;
  throw new Error(`No target "${name}": there are ${targets.map(targetName).join(", ")}`);
}

if (import.meta.main) {
  try {
    const settings = readSettings(process.argv.slice(2));
    await makeRelease(settings);
    for (const { name, sha256 } of listFiles(settings.out)) console.log(sha256, name);
    if (settings.key === undefined) console.error("SHA256SUMS is not signed: no --key was given");
  } catch (error) {
    console.error(String(error));
    process.exitCode = 1;
  }
}
