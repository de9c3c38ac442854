import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type Image, writeOciArchive } from "./oci_archive.ts";

const image: Image = {
  name: "localhost/tool:1.0.0",
  architecture: "arm64",
  files: new TextEncoder().encode("the files"),
  entrypoint: ["/tool"],
  user: "1000:1000",
  labels: { purpose: "test" },
};

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-archive-"));
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

async function unpack(): Promise<string> {
  const archive = path.join(folder, "image.tar");
  fs.writeFileSync(archive, "");
  for await (const chunk of writeOciArchive(image)) fs.appendFileSync(archive, chunk);
  execFileSync("tar", ["-xf", archive, "-C", folder]);
  return archive;
}

// deno-lint-ignore no-explicit-any -- the shape is what is tested
function json(file: string): any {
  return JSON.parse(fs.readFileSync(path.join(folder, file), "utf8"));
}

test("every descriptor has the digest and size of its blob", async () => {
  await unpack();
  assert.deepEqual(json("oci-layout"), { imageLayoutVersion: "1.0.0" });
  const [described] = json("index.json").manifests;
  const manifest = json(pathOf(described.digest));
  for (const { digest, size } of [described, manifest.config, ...manifest.layers]) {
    const bytes = fs.readFileSync(path.join(folder, pathOf(digest)));
    assert.equal(size, bytes.length);
    assert.equal(digest, `sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  }
  assert.deepEqual(described.platform, { architecture: "arm64", os: "linux" });
});

test("the layer unpacks to what its configuration has the digest of", async () => {
  await unpack();
  const [{ Config, Layers, RepoTags }] = json("manifest.json");
  const files = execFileSync("gzip", ["-dc", path.join(folder, Layers[0])]);
  assert.deepEqual(new Uint8Array(files), image.files);
  const digest = `sha256:${createHash("sha256").update(files).digest("hex")}`;
  assert.deepEqual(json(Config).rootfs.diff_ids, [digest]);
  assert.deepEqual(RepoTags, [image.name]);
});

test("both layouts name the same configuration, with the user and what to start", async () => {
  await unpack();
  const [described] = json("index.json").manifests;
  const { config } = json(pathOf(described.digest));
  assert.equal(pathOf(config.digest), json("manifest.json")[0].Config);
  assert.deepEqual(json(pathOf(config.digest)).config, {
    Entrypoint: ["/tool"],
    User: "1000:1000",
    Labels: { purpose: "test" },
  });
});

test("the same files make the same archive", async () => {
  const first = fs.readFileSync(await unpack());
  assert.ok(first.equals(fs.readFileSync(await unpack())));
});

function pathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}
