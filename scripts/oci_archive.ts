import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type TarEntry, writeTar } from "../platforms/container_engine/tar.ts";

/** An image of one layer. */
export interface Image {
  /** As in `localhost/hawser:1.0.0`. */
  name: string;
  architecture: "amd64" | "arm64";
  /** The files, as a tar archive. */
  files: Uint8Array;
  entrypoint: string[];
  /** Numbers, so that Kubernetes can tell that it is not root. */
  user: string;
  labels: Record<string, string>;
}

interface Blob {
  path: string;
  digest: string;
  size: number;
  bytes: Uint8Array;
}

/** Images are of no date, so that the same files make the same image. */
const created = "1970-01-01T00:00:00Z";

/**
 * The image as an archive in the layout of OCI (image-spec 1.1, image-layout.md), with the
 * manifest.json of `docker save` beside: what docker load, podman load and ctr image import take.
 */
export function writeOciArchive(image: Image): AsyncGenerator<Uint8Array> {
  const layer = blob(gzipSync(image.files));
  const config = jsonBlob({
    created,
    architecture: image.architecture,
    os: "linux",
    config: { Entrypoint: image.entrypoint, User: image.user, Labels: image.labels },
    rootfs: { type: "layers", diff_ids: [`sha256:${sha256(image.files)}`] },
    history: [{ created, comment: image.name }],
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", config),
    layers: [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
  });
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{
      ...descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
      platform: { architecture: image.architecture, os: "linux" },
      annotations: {
        "io.containerd.image.name": image.name,
        "org.opencontainers.image.ref.name": image.name,
      },
    }],
  };
  const saved = [{ Config: config.path, RepoTags: [image.name], Layers: [layer.path] }];
  const blobs = [config, layer, manifest].sort((a, b) => (a.path < b.path ? -1 : 1));
  return writeTar([
    { path: "/blobs", mode: 0o755 },
    { path: "/blobs/sha256", mode: 0o755 },
    ...blobs.map(({ path, bytes }) => file(path, bytes)),
    file("index.json", json(index)),
    file("manifest.json", json(saved)),
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
  ]);
}

function descriptor(mediaType: string, { digest, size }: Blob) {
  return { mediaType, digest, size };
}

function jsonBlob(value: unknown): Blob {
  return blob(json(value));
}

function blob(bytes: Uint8Array): Blob {
  const hash = sha256(bytes);
  return { path: `blobs/sha256/${hash}`, digest: `sha256:${hash}`, size: bytes.length, bytes };
}

function file(path: string, bytes: Uint8Array): TarEntry {
  return { path: `/${path}`, mode: 0o644, file: { size: bytes.length, content: [bytes] } };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
