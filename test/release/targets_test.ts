import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { installRuntime } from "../../scripts/build.ts";
import { findSignatureFaults, signAdHoc } from "../../scripts/code_signature.ts";
import { hasDebianPackages, unpackLibraries } from "../../scripts/debian_libraries.ts";
import { listCommands, wholeTree } from "../../scripts/reference/program.ts";
import { version } from "../../src/version.ts";
import { findQuietPort } from "../e2e/stage/quiet_port.ts";
import { inFolder, missingPrograms, output, released } from "./released.ts";

/** Unpacks the executable of a target in `folder` and returns its path. */
function unpack(target: string, folder: string): string {
  const into = path.join(folder, target);
  fs.mkdirSync(into, { recursive: true });
  const archive = released(`hawser-@-${target}.tar.gz`);
  output("tar", ["-xzf", archive, "-C", into, "--strip-components=1"]);
  return path.join(into, "hawser");
}

const noX64Emulation = missingPrograms("qemu-x86_64-static").length > 0;
test(
  "the x64 executable runs on a processor without AVX (needs qemu-x86_64-static)",
  { skip: noX64Emulation },
  inFolder((folder) => {
    const executable = unpack("linux-x64", folder);
    const said = output("qemu-x86_64-static", ["-cpu", "Nehalem", executable, "version"]);
    assert.match(said, new RegExp(`^cli +${version.replaceAll(".", "\\.")}$`, "m"));
  }),
);

for (const target of ["macos-x64", "macos-arm64"]) {
  test(
    `the signature of ${target} fits every page of it`,
    inFolder((folder) => {
      const program = fs.readFileSync(unpack(target, folder));
      assert.deepEqual(findSignatureFaults(program), []);
      program[program.length >> 1]! ^= 1;
      assert.match(findSignatureFaults(program).join(), /^1 of \d+ page hashes are wrong$/);
    }),
  );
}

const noArm = missingPrograms("qemu-aarch64-static").length > 0 || !hasDebianPackages;

describe("the arm64 executable (needs qemu-aarch64-static, apt-get)", { skip: noArm }, () => {
  let folder: string;
  let x64: string[];
  let arm64: string[];
  let env: Record<string, string>;
  let controller: ChildProcess | undefined;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-arm64-"));
    const libraries = unpackLibraries("arm64", path.join(folder, "libraries"));
    x64 = [unpack("linux-x64", folder)];
    arm64 = ["qemu-aarch64-static", "-L", libraries, unpack("linux-arm64", folder)];
    env = {
      PATH: process.env["PATH"]!,
      HOME: folder,
      HAWSER_DATA_HOME: path.join(folder, "data"),
      SYSTEMD_OFFLINE: "1",
      KUBECONFIG: path.join(folder, "none"),
    };
  });
  after(async () => {
    if (controller?.exitCode === null && controller.signalCode === null) {
      controller.kill("SIGKILL");
      await once(controller, "close");
    }
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function call([program, ...words]: string[], args: string[], input = "") {
    const { status, stdout, stderr } = spawnSync(program!, [...words, ...args], {
      env,
      input,
      encoding: "utf8",
      timeout: 60_000,
    });
    return { args, status, stdout, stderr };
  }

  /** The outcome without what is told while one waits: an emulator takes its time. */
  function said(executable: string[], words: string[]) {
    fs.rmSync(path.join(folder, ".jfrog"), { recursive: true, force: true }); // what the other made
    const { stderr, ...outcome } = call(executable, words);
    return { ...outcome, errors: stderr.split("\n").filter((line) => /^(error|hint)/.test(line)) };
  }

  function succeed(args: string[], input = ""): string {
    const { status, stdout, stderr } = call(arm64, [...args, "-p", "linux"], input);
    assert.equal(status, 0, `${args.join(" ")}\n${stdout}${stderr}`);
    return stdout;
  }

  test("issues a token, redeems it, and shows the link and the grant", async () => {
    const link = ["--enable-link-access", "--link-host", "127.0.0.1"];
    succeed(["site", "create", "west", "-n", "west", ...link]);
    succeed(["site", "create", "east", "-n", "east"]);
    const [program, ...words] = arm64;
    const run = [
      ...words,
      "controller",
      "run",
      "-p",
      "linux",
      "--grant-port",
      await findQuietPort(),
    ];
    controller = spawn(program!, run, { env, stdio: ["ignore", "ignore", "inherit"] });
    while (call(arm64, ["controller", "status", "-p", "linux"]).status !== 0) {
      await pause(); // calls block, and its end is heard of in between
      assert.equal(controller.exitCode, null, "the controller ended");
    }
    const token = succeed(["token", "issue", "-", "-n", "west", "--timeout", "5m"]);
    succeed(["token", "redeem", "-", "-n", "east", "--timeout", "5m"], token);
    assert.match(succeed(["link", "status", "-n", "east"]), /west/);
    assert.equal(JSON.parse(succeed(["grant", "list", "-n", "west", "-o", "json"])).length, 1);
    controller.kill("SIGTERM");
    const [code, signal] = await once(controller, "close");
    assert.ok(code === 143 || signal === "SIGTERM", `${code}, ${signal}`);
  });

  test("says of every command without arguments what the x64 one says", () => {
    const commands = listCommands(wholeTree("hawser")).map(({ words }) => words.split(" "));
    assert.ok(commands.length > 30);
    for (const words of commands) assert.deepEqual(said(arm64, words), said(x64, words));
  });
});

test("the signature that the runtime's makers gave it is found whole", () => {
  // not made by us, and so it judges what judges ours
  const runtime = signatureOfOthers();
  assert.deepEqual(findSignatureFaults(runtime).filter((fault) => !/hardened/.test(fault)), []);
  assert.deepEqual(findSignatureFaults(signAdHoc(runtime, "bun")), []);
});

function signatureOfOthers(): Uint8Array {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-runtime-"));
  try {
    return fs.readFileSync(installRuntime(folder, { os: "darwin", arch: "arm64" }));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
