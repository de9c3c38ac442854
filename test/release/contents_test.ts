import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { targetName, targets } from "../../scripts/build.ts";
import { trial, trialKey } from "../../scripts/release/trial.ts";
import { version } from "../../src/version.ts";
import { inFolder, missingPrograms, output, readReleased, released } from "./released.ts";

const python = ["pyspdxtools"];

function needs(...programs: string[]): { name: string; skip: boolean } {
  const missing = missingPrograms(...programs);
  return {
    name: missing.length === 0 ? "" : ` (needs ${missing.join(", ")})`,
    skip: missing.length > 0,
  };
}

test("every file is in SHA256SUMS with its own sum", () => {
  const listed = output("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: trial });
  const names = listed.trim().split("\n").map((line) => line.replace(/: OK$/, ""));
  const others = ["SHA256SUMS", "SHA256SUMS.minisig"];
  const there = fs.readdirSync(trial).filter((name) => !others.includes(name)).sort();
  assert.deepEqual(names, there);
});

const sign = needs("minisign");
test(
  `minisign accepts the signature, and none over other sums${sign.name}`,
  { skip: sign.skip },
  inFolder((folder) => {
    const said = output("minisign", ["-V", "-p", trialKey, "-m", released("SHA256SUMS")]);
    assert.match(
      said,
      new RegExp(`^Trusted comment: timestamp:\\d+ file:SHA256SUMS version:${version}$`, "m"),
    );
    const other = path.join(folder, "SHA256SUMS");
    fs.writeFileSync(
      other,
      readReleased("SHA256SUMS").replace(/^./, (first) => first === "0" ? "1" : "0"),
    );
    fs.copyFileSync(released("SHA256SUMS.minisig"), `${other}.minisig`);
    assert.throws(
      () => output("minisign", ["-V", "-p", trialKey, "-m", other]),
      /Signature verification failed/,
    );
  }),
);

const unpack = needs("tar", "zstd", "unzip", "mandoc");
test(
  `archives of every target hold the same, whatever packs them${unpack.name}`,
  { skip: unpack.skip },
  inFolder((folder) => {
    const lists = targets.map((target) => {
      const name = `hawser-${version}-${targetName(target)}`;
      const ours = (list: string) =>
        list.trim().split("\n").filter((line) => !line.endsWith("/")).sort()
          .map((line) => line.replace(`${name}/`, "").replace(/\.exe$/, ""));
      if (target.os === "win32") {
        output("unzip", ["-tq", released(`${name}.zip`)]);
        return ours(output("unzip", ["-Z1", released(`${name}.zip`)]));
      }
      const list = ours(output("tar", ["-tzf", released(`${name}.tar.gz`)]));
      assert.deepEqual(ours(output("tar", ["--zstd", "-tf", released(`${name}.tar.zst`)])), list);
      return list;
    });
    for (const list of lists) assert.deepEqual(list, lists[0]);
    for (
      const file of ["hawser", "LICENSE", "completions/_hawser", "man/man1/hawser-token-issue.1"]
    ) {
      assert.ok(lists[0]!.includes(file), file);
    }
    output("tar", [
      "-xzf",
      released("hawser-@-linux-x64.tar.gz"),
      "-C",
      folder,
      "--strip-components=1",
    ]);
    const pages = fs.readdirSync(path.join(folder, "man/man1"));
    output("mandoc", ["-T", "lint", "-W", "warning", ...pages], {
      cwd: path.join(folder, "man/man1"),
    });
  }),
);

const sbom = needs(...python);
test(`SBOMs and provenance are what their schemas say${sbom.name}`, { skip: sbom.skip }, () => {
  output("pyspdxtools", ["--infile", released("hawser-@.spdx.json")]);
  output("python3", [
    "-c",
    `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
if fault: sys.exit(str(fault))
Statement.copy_from_pb(json_format.Parse(open(sys.argv[2]).read(), statement_pb2.Statement())).validate()
`,
    released("hawser-@.cdx.json"),
    released("hawser-@.intoto.json"),
  ]);
});

test("the SBOM names the libraries in the executable, and none of the tests'", () => {
  const { components } = JSON.parse(readReleased("hawser-@.cdx.json"));
  const names = components.map(({ name }: { name: string }) => name);
  for (const name of ["bun", "commander", "js-yaml", "zod"]) assert.ok(names.includes(name), name);
  for (const name of ["@peculiar/x509", "fast-check"]) assert.ok(!names.includes(name), name);
});

test("the provenance names every file that is handed out, and the commit", () => {
  const { subject, predicate } = JSON.parse(readReleased("hawser-@.intoto.json"));
  const sums = readReleased("SHA256SUMS").trim().split("\n").map((line) => line.split("  "));
  const made = sums.filter(([, name]) => !/^releases\.json$|\.intoto\.json$/.test(name!));
  assert.deepEqual(
    subject.map((
      { name, digest }: { name: string; digest: { sha256: string } },
    ) => [digest.sha256, name]),
    made,
  );
  const commit = output("git", ["rev-parse", "HEAD"]).trim();
  assert.equal(predicate.buildDefinition.resolvedDependencies[0].digest.gitCommit, commit);
});

test("the index lists the version with the url and sum of each file", () => {
  const { releases } = JSON.parse(readReleased("releases.json"));
  assert.equal(releases[0].version, version);
  const archive = releases[0].files.find(({ name }: { name: string }) =>
    name.endsWith("linux-x64.tar.gz")
  );
  assert.equal(archive.url, `https://localhost:1/hawser/v${version}/${archive.name}`);
  assert.ok(readReleased("SHA256SUMS").includes(`${archive.sha256}  ${archive.name}\n`));
});
