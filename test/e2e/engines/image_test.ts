import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readElfNeeds } from "../../../platforms/container_engine/elf.ts";
import { buildFor } from "../../../scripts/build.ts";
import { hasDebianPackages } from "../../../scripts/debian_libraries.ts";
import { makeImage } from "../../../scripts/image.ts";
import { version } from "../../../src/version.ts";
import { missingForEngine } from "../../testbed/engines/programs.ts";
import { type EngineTestbed, startEngine } from "../../testbed/engines/start.ts";
import { eventually } from "../stage/eventually.ts";

const executable = fileURLToPath(new URL("../../../dist/hawser", import.meta.url));
const name = `localhost/hawser:${version}`;
const here = process.arch === "arm64" ? "arm64" : "x64";
const elsewhere = here === "x64" ? "arm64" : "x64";

/** As Kubernetes runs it: nothing can be written, and no right on the machine is left. */
const confinement = [
  "--read-only",
  "--cap-drop=ALL",
  "--security-opt=no-new-privileges",
  "--network=host",
];

let folder: string;
let archive: string;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-image-"));
  archive = path.join(folder, "image.tar");
  await makeImage(executable, here, archive);
});

after(() => fs.rmSync(folder, { recursive: true }));

test("the image holds the executable, its libraries and certificates, and names a user", () => {
  const { files, config } = unpack(archive, path.join(folder, "here"));
  for (const file of ["hawser", "etc/passwd", "etc/ssl/certs/ca-certificates.crt"]) {
    assert.ok(fs.existsSync(path.join(files, file)), file);
  }
  assert.deepEqual(config.Entrypoint, ["/hawser"]);
  assert.match(config.User, /^[1-9]\d*:[1-9]\d*$/);
});

test(
  `an image for another architecture holds what that one needs${
    hasDebianPackages ? "" : " (needs apt-get)"
  }`,
  { skip: !hasDebianPackages },
  async () => {
    const foreign = path.join(folder, "foreign.tar");
    await makeImage(buildFor({ os: "linux", arch: elsewhere }), elsewhere, foreign);
    const { files } = unpack(foreign, path.join(folder, "foreign"));
    const program = (await readElfNeeds(path.join(files, "hawser")))!;
    const loader = (await readElfNeeds(path.join(files, program.interpreter!)))!;
    assert.equal(loader.machine, program.machine);
    const found = execFileSync("find", [files, "-type", "f", "-printf", "%f\n"], {
      encoding: "utf8",
    }).split("\n");
    for (const library of program.libraries) assert.ok(found.includes(library), library);
  },
);

for (const engine of ["docker", "podman"] as const) {
  const missing = missingForEngine[engine];
  if (missing !== undefined) {
    test(`${engine} loads and runs the image (needs ${missing})`, { skip: true }, () => {});
    continue;
  }
  describe(`${engine} with the image`, () => {
    let testbed: EngineTestbed;

    before(async () => {
      testbed = await startEngine(engine);
      call("load", "--input", archive);
    });

    after(() => testbed.stop());

    function call(...args: string[]): string {
      const [program, ...options] = engine === "docker"
        ? ["docker", `--host=unix://${testbed.socket}`]
        : ["podman", "--remote", `--url=unix://${testbed.socket}`];
      const { status, stdout, stderr } = spawnSync(program!, [...options, ...args], {
        encoding: "utf8",
      });
      assert.equal(status, 0, `${program} ${args.join(" ")}\n${stdout}${stderr}`);
      return stdout + stderr;
    }

    test("runs it under its name", () => {
      assert.match(call("run", "--rm", ...confinement, name, "version"), /^cli +\d/m);
    });

    test("has the controller serve as the user of the image, and end when it is asked to", async () => {
      const home = path.join(folder, engine);
      fs.mkdirSync(home);
      fs.chownSync(home, 65532, 65532);
      const options = [`--volume=${home}:/data`, "--env=HAWSER_DATA_HOME=/data"];
      const command = ["controller", "run", "--platform=linux", "--grant-host=127.0.0.1"];
      call("run", "--detach", "--name=test", ...options, ...confinement, name, ...command);
      await eventually(
        () => call("logs", "test").includes('"listening"'),
        () => call("logs", "test"),
      );
      call("stop", "test");
      assert.equal(call("inspect", "--format={{.State.ExitCode}}", "test").trim(), "0");
      assert.match(call("logs", "test"), /"stopped"/);
      call("rm", "test");
    });

    if (engine === "docker") {
      test("containerd takes it too", () => {
        const socket = path.join(testbed.folder, "exec/containerd/containerd.sock");
        const ctr = (...args: string[]) =>
          execFileSync("ctr", [`--address=${socket}`, ...args], { encoding: "utf8" });
        ctr("images", "import", archive);
        const run = ["run", "--rm", "--read-only", name, "test", "/hawser", "version"];
        assert.match(ctr(...run), /^cli +\d/m);
      });
    }
  });
}

/** Unpacks an archive and its layer into `into`. */
function unpack(
  archive: string,
  into: string,
): { files: string; config: { User: string; Entrypoint: string[] } } {
  const [layout, files] = [path.join(into, "layout"), path.join(into, "files")];
  for (const made of [layout, files]) fs.mkdirSync(made, { recursive: true });
  execFileSync("tar", ["-xf", archive, "-C", layout]);
  const read = (file: string) => JSON.parse(fs.readFileSync(path.join(layout, file), "utf8"));
  const [{ Config, Layers }] = read("manifest.json");
  execFileSync("tar", ["-xf", path.join(layout, Layers[0]), "-C", files]);
  return { files, config: read(Config).config };
}
