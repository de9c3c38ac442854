import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { unitManifest } from "../../platforms/linux/unit_manifest.ts";
import { version } from "../../src/version.ts";
import { root, type Target } from "../build.ts";
import type { Bundle } from "./bundle.ts";
import type { Origin } from "./origin.ts";

/** The packager, as `go run` takes it. */
const packager = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.48.0";

/** What differs from one kind of package to the other. */
interface Format {
  name: "deb" | "rpm" | "apk";
  /** Of the distributions that take it. */
  libc: Target["libc"];
  /** Where these look for the completions of zsh, and for a license. */
  zsh: string;
  license: string;
}

const formats: Format[] = [
  {
    name: "deb",
    libc: undefined,
    zsh: "/usr/share/zsh/vendor-completions/_hawser",
    license: "/usr/share/doc/hawser/copyright",
  },
  {
    name: "rpm",
    libc: undefined,
    zsh: "/usr/share/zsh/site-functions/_hawser",
    license: "/usr/share/licenses/hawser/LICENSE",
  },
  {
    name: "apk",
    libc: "musl",
    zsh: "/usr/share/zsh/site-functions/_hawser",
    license: "/usr/share/licenses/hawser/LICENSE",
  },
];

/** True if packages can be made here. */
export function hasPackager(): boolean {
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the packages of an executable for Linux in `out`: deb and rpm, or for musl apk, which has
 * no unit: its distributions have no systemd. `folder` is for files meanwhile.
 * Throws where Go or the packager fails.
 */
export function makeLinuxPackages(
  executable: string,
  { arch, libc }: Target,
  bundle: Bundle,
  origin: Origin,
  folder: string,
  out: string,
): void {
  const unit = unitManifest({ executable: ["/usr/bin/hawser"], env: {} }, 0, {});
  const { path: unitFile } = unit.data as { path: string };
  for (const { name: format, zsh, license } of formats.filter((each) => each.libc === libc)) {
    const files = {
      ...(libc === "musl" ? {} : {
        [`/usr/lib/systemd/system/${path.basename(unitFile)}`]: unit.text,
      }),
      "/usr/share/bash-completion/completions/hawser": bundle.completions.bash,
      "/usr/share/fish/vendor_completions.d/hawser.fish": bundle.completions.fish,
      [zsh]: bundle.completions.zsh,
      [license]: bundle.license,
      ...Object.fromEntries(
        Object.entries(bundle.manual)
          .map(([file, text]) => [`/usr/share/man/man1/${file}.gz`, gzipSync(text)]),
      ),
    };
    const contents = Object.entries(files).map(([dst, bytes]) => {
      const src = path.join(folder, format, dst);
      fs.mkdirSync(path.dirname(src), { recursive: true });
      fs.writeFileSync(src, bytes);
      return { src, dst, file_info: { mode: 0o644 } };
    });
    const settings = path.join(folder, `${format}.json`);
    fs.writeFileSync(settings, JSON.stringify(describe(executable, arch, contents, origin)));
    execFileSync(
      "go",
      ["run", packager, "package", "-f", settings, "-p", format, "-t", `${out}/`],
      {
        env: { ...process.env, SOURCE_DATE_EPOCH: String(origin.committed), GOFLAGS: "" },
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
  }
}

/** What the packager is told (https://nfpm.goreleaser.com/docs/configuration/). */
function describe(
  executable: string,
  arch: Target["arch"],
  contents: { src: string; dst: string; file_info: { mode: number } }[],
  { committed }: Origin,
): unknown {
  const scripts = { preremove: path.join(root, "packaging/preremove.sh") };
  return {
    name: "hawser",
    version,
    version_schema: "none",
    release: "1",
    arch: arch === "x64" ? "amd64" : "arm64",
    platform: "linux",
    section: "net",
    priority: "optional",
    maintainer: "The hawser project <hawser@localhost>",
    description: "issue and redeem Skupper link tokens, create JFrog access tokens\n" +
      "A token is never burned and never double-spent. Serves the grants of sites on Kubernetes,\n" +
      "Docker, Podman and Linux.",
    license: "Apache-2.0",
    mtime: new Date(committed * 1000).toISOString(),
    depends: [],
    overrides: {
      // what the runtime is linked to: glibc 2.17, of which Debian has a package
      deb: { depends: ["libc6 (>= 2.17)"], scripts },
      rpm: { depends: ["glibc >= 2.17"], scripts },
      apk: { depends: ["libstdc++", "libgcc"] },
    },
    rpm: { buildhost: "localhost", group: "System/Tools", compression: "zstd:3" },
    deb: { compression: "zstd" },
    contents: [
      { src: executable, dst: "/usr/bin/hawser", file_info: { mode: 0o755 } },
      // the unit binds it, and it must be there
      { dst: "/var/lib/skupper", type: "dir", file_info: { mode: 0o755 } },
      ...contents,
    ],
  };
}
