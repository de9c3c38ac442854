import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { bunHere, root } from "../build.ts";

/** A package of npm that is in the executable, or that the executable runs on. */
export interface Component {
  name: string;
  version: string;
  /** As SPDX names it. */
  license: string;
  /** SHA-512 of the package as npm hands it out, in hexadecimal. */
  sha512: string;
}

interface Lock {
  npm: Record<string, { integrity: string }>;
}

/** The packages that end up in the executable: what the bundler reads, and the runtime itself. */
export function findComponents(): Component[] {
  const { npm } = JSON.parse(fs.readFileSync(path.join(root, "deno.lock"), "utf8")) as Lock;
  const bundled = new Set(bundledFiles().flatMap((file) => packageFolder(file) ?? []));
  const folders = [...bundled, "node_modules/bun"];
  return folders.map((folder) => {
    const { name, version, license } = JSON.parse(
      fs.readFileSync(path.join(root, folder, "package.json"), "utf8"),
    );
    const id = Object.keys(npm).find((key) => key.split("_")[0] === `${name}@${version}`);
    if (id === undefined) throw new Error(`deno.lock has no ${name}@${version}`);
    const integrity = Buffer.from(npm[id]!.integrity.replace(/^sha512-/, ""), "base64");
    return { name, version, license, sha512: integrity.toString("hex") };
  }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What names a package of npm everywhere (https://github.com/package-url/purl-spec). */
export function purl({ name, version }: Pick<Component, "name" | "version">): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** The files that the bundler puts together, relative to the repository. */
function bundledFiles(): string[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-bundle-"));
  try {
    const report = path.join(folder, "report.json");
    const args = ["build", "main.ts", "--target=bun", "--splitting", `--outdir=${folder}/out`];
    execFileSync(bunHere(), [...args, `--metafile=${report}`], { cwd: root, stdio: "ignore" });
    return Object.keys(JSON.parse(fs.readFileSync(report, "utf8")).inputs);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** The folder of the package that the file belongs to; undefined for a file of our own. */
function packageFolder(file: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}
