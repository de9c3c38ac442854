import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { trial } from "../../scripts/release/trial.ts";
import { version } from "../../src/version.ts";
import { isRoot } from "../e2e/stage/harness.ts";
import {
  missingForSystemd,
  startSystemd,
  type SystemdMachine,
} from "../testbed/systemd/machine.ts";
import { inFolder, missingPrograms, output, readReleased, released } from "./released.ts";

const unit = "/usr/lib/systemd/system/hawser-controller.service";
const places = [
  "/usr/bin/hawser",
  unit,
  "/usr/share/bash-completion/completions/hawser",
  "/usr/share/fish/vendor_completions.d/hawser.fish",
  "/usr/share/man/man1/hawser.1.gz",
  "/usr/share/man/man1/hawser-token-issue.1.gz",
];

describe("the deb on a machine with systemd (needs docker and debootstrap)", {
  skip: missingForSystemd !== undefined,
}, () => {
  let machine: SystemdMachine;
  before(async () => {
    machine = await startSystemd([`${trial}:/release:ro`]);
  });
  after(async () => await machine?.stop());

  async function succeed(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await machine.run(words);
    assert.equal(code, 0, `${words.join(" ")}\n${stdout}${stderr}`);
    return stdout;
  }

  test("installs, runs its unit, and leaves nothing behind", async () => {
    // links too, as those that systemd makes
    const ours = "find / -xdev ! -type d -name '*hawser*' ! -path '/release/*' ! -path '/proc/*'";
    await succeed("dpkg", "--install", `/release/hawser_${version}-1_amd64.deb`);
    // the image leaves manuals in, so each file of the package is there
    await succeed("dpkg", "--verify", "hawser");
    for (const place of [...places, "/usr/share/zsh/vendor-completions/_hawser"]) {
      await succeed("test", "-f", place);
    }
    assert.match(await succeed("hawser", "version"), new RegExp(`cli +${version}`));
    await succeed("systemd-analyze", "verify", unit);
    await succeed("systemctl", "enable", "--now", "hawser-controller");
    await succeed("hawser", "controller", "status", "-p", "linux");
    // over itself, as over another version: it goes on
    await succeed("dpkg", "--install", `/release/hawser_${version}-1_amd64.deb`);
    await succeed("hawser", "controller", "status", "-p", "linux");
    await succeed("dpkg", "--purge", "hawser");
    assert.notEqual((await machine.run(["systemctl", "is-active", "hawser-controller"])).code, 0);
    assert.equal(await succeed("sh", "-c", ours), "");
  });
});

const noRpm = missingPrograms("rpm", "busybox").length > 0 || !isRoot;
test(
  "the rpm installs below a root, runs, and leaves nothing behind (needs rpm, busybox, root)",
  {
    skip: noRpm,
  },
  inFolder((folder) => {
    const file = released("hawser-@-1.x86_64.rpm");
    assert.match(output("rpm", ["--query", "--package", "--requires", file]), /^glibc >= 2\.17$/m);
    // glibc is here, but not by rpm
    const install = ["--root", folder, "--install", "--nodeps", "--ignorearch", file];
    // what runs before it goes needs a shell
    fs.mkdirSync(path.join(folder, "bin"));
    fs.copyFileSync(output("which", ["busybox"]).trim(), path.join(folder, "bin/sh"));
    assert.equal(output("rpm", install), "");
    for (const place of [...places, "/usr/share/zsh/site-functions/_hawser"]) {
      assert.ok(fs.existsSync(path.join(folder, place)), place);
    }
    assert.equal(output("rpm", ["--root", folder, "--verify", "--nodeps", "hawser"]), "");
    assert.match(output(path.join(folder, "usr/bin/hawser"), ["version"]), /^cli +\d/m);
    assert.equal(output("rpm", ["--root", folder, "--erase", "hawser"]), "");
    const left = output("find", [folder, "-type", "f", "-name", "*hawser*"]);
    assert.equal(left, "");
  }),
);

test(
  "the apk has all in its place, and names what Alpine must have",
  inFolder((folder) => {
    const file = released("hawser_@-r1_x86_64.apk");
    // an apk is archives one behind the other: what it says of itself, and its files
    const tar = ["--ignore-zeros", "-xzf", file, "-C", folder, "--warning=no-unknown-keyword"];
    output("tar", tar);
    const about = fs.readFileSync(path.join(folder, ".PKGINFO"), "utf8");
    for (const line of [`pkgver = ${version}-r1`, "arch = x86_64", "depend = libstdc++"]) {
      assert.ok(about.split("\n").includes(line), about);
    }
    for (const place of places.filter((place) => place !== unit)) {
      assert.ok(fs.existsSync(path.join(folder, place)), place);
    }
    assert.ok(!fs.existsSync(path.join(folder, unit)));
    const program = path.join(folder, "usr/bin/hawser");
    assert.equal(fs.statSync(program).mode & 0o777, 0o755);
    assert.ok(fs.readFileSync(program).includes("ld-musl-x86_64.so.1"));
  }),
);

const noRuby = missingPrograms("ruby").length > 0;
test(
  "Homebrew's formula takes the archive by its sum and puts all in its place (needs ruby)",
  {
    skip: noRuby,
  },
  inFolder((folder) => {
    const archive = `hawser-${version}-linux-x64.tar.gz`;
    output("tar", ["-xzf", released(archive), "-C", folder, "--strip-components=1"]);
    const said = output("ruby", ["-e", brew, released("hawser.rb")], { cwd: folder });
    const sum = readReleased("SHA256SUMS").split("\n").find((line) => line.endsWith(archive))!;
    assert.deepEqual(said.trim().split("\n").slice(0, 2), [
      `https://localhost:1/hawser/v${version}/${archive}`,
      sum.split(" ")[0],
    ]);
    for (
      const place of [
        "bin: hawser",
        "zsh_completion: completions/_hawser",
        "man1: man/man1/hawser.1",
      ]
    ) {
      assert.ok(said.includes(place), place);
    }
  }),
);

/** Stands in for Homebrew on Linux with an x64 processor. */
const brew = `
class Formula
  def self.desc(_) = nil
  def self.homepage(_) = nil
  def self.version(value) = @version = value
  def self.license(_) = nil
  def self.on_macos = nil
  def self.on_arm = nil
  def self.on_linux = yield
  def self.on_intel = yield
  def self.url(value) = puts(value)
  def self.sha256(value) = puts(value)
  def self.test = nil
  Place = Struct.new(:name) do
    def install(what)
      (what.is_a?(Hash) ? what.keys : Array(what)).each do |file|
        raise "#{file} is missing" unless File.exist?(file)
        puts "#{name}: #{file}"
      end
    end
  end
  %i[bin man1 bash_completion zsh_completion fish_completion].each do |name|
    define_method(name) { Place.new(name) }
  end
end
load ARGV[0]
Hawser.new.install
`;

const noNpm = missingPrograms("npm", "node").length > 0;
test(
  "npm installs the package for this machine alone, and runs it (needs npm, node)",
  {
    skip: noNpm,
  },
  inFolder((folder) => {
    const npm = ["--prefix", folder, "--offline", "--no-audit", "--no-fund", "--loglevel=error"];
    const tarballs = ["npm-hawser-linux-x64-@.tgz", "npm-hawser-@.tgz"].map(released);
    // the registry is not asked for the packages of other machines
    output("npm", ["install", ...npm, "--omit=optional", ...tarballs], { cwd: folder });
    const program = path.join(folder, "node_modules/.bin/hawser");
    assert.match(output(program, ["version"]), /^cli +\d/m);
    const run = (args: string[]) => spawnSync(program, args, { encoding: "utf8" });
    assert.equal(run(["token", "redeem", "/missing", "-p", "linux"]).status, 6);
    fs.rmSync(path.join(folder, "node_modules/hawser-linux-x64"), { recursive: true });
    const { status, stderr } = run(["version"]);
    assert.equal(status, 1);
    assert.match(stderr, /^error: The package hawser-linux-x64 is not installed: /);
  }),
);
