import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { rootCertificates } from "node:tls";
import {
  executablePath,
  findImageFiles,
  packFiles,
} from "../platforms/container_engine/image_files.ts";
import { version } from "../src/version.ts";
import { buildFor, buildHere, dist, type Target } from "./build.ts";
import { hasDebianPackages, unpackLibraries } from "./debian_libraries.ts";
import { writeOciArchive } from "./oci_archive.ts";

type Architecture = Target["arch"];

const architectures = { x64: "amd64", arm64: "arm64" } as const;

/** A number that no distribution gives to a user of its own. */
const user = 65532;

/** What an image has beside the executable and its libraries. */
const texts = {
  "/etc/group": `hawser:x:${user}:\n`,
  "/etc/passwd": `hawser:x:${user}:${user}::/:/sbin/nologin\n`,
  "/etc/ssl/certs/ca-certificates.crt": `${rootCertificates.join("\n")}\n`,
};

/**
 * Makes an image of the executable for that architecture and writes its archive to `outfile`. For
 * this machine's architecture the libraries are this machine's, for another one Debian's.
 */
export async function makeImage(
  executable: string,
  arch: Architecture,
  outfile: string,
): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-libraries-"));
  try {
    const root = isHere(arch) ? "/" : unpackLibraries(architectures[arch], folder);
    const chunks: Uint8Array[] = [];
    for await (const chunk of packFiles(await findImageFiles(executable, root), texts)) {
      chunks.push(chunk);
    }
    const archive = writeOciArchive({
      name: `localhost/hawser:${version}`,
      architecture: architectures[arch],
      files: Buffer.concat(chunks),
      entrypoint: [executablePath],
      user: `${user}:${user}`,
      labels: {
        "org.opencontainers.image.title": "hawser",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.licenses": "Apache-2.0",
      },
    });
    fs.mkdirSync(path.dirname(outfile), { recursive: true });
    const unfinished = `${outfile}.unfinished`;
    fs.writeFileSync(unfinished, "");
    for await (const chunk of archive) fs.appendFileSync(unfinished, chunk);
    fs.renameSync(unfinished, outfile);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function isHere(arch: Architecture): boolean {
  return process.platform === "linux" && process.arch === arch;
}

/** Builds the executable and its image for that architecture; returns the image's archive. */
async function buildImage(arch: Architecture): Promise<string> {
  if (!isHere(arch) && !hasDebianPackages) {
    throw new Error(
      `An image for linux-${arch} takes its C library from Debian: apt-get is missing`,
    );
  }
  const executable = isHere(arch) ? buildHere() : buildFor({ os: "linux", arch });
  const outfile = path.join(dist, `hawser-image-linux-${arch}.tar`);
  await makeImage(executable, arch, outfile);
  return outfile;
}

if (import.meta.main) {
  const all = process.argv.includes("--all");
  const wanted = all ? ["x64", "arm64"] as const : [process.arch as Architecture];
  for (const arch of wanted) {
    console.log(path.relative(process.cwd(), await buildImage(arch)));
  }
}
