// Fetches a release's archive and checks it, as install.sh does.
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, verify } from "node:crypto";
import process from "node:process";

/** What the release calls this machine. */
export function findTarget() {
  const os = { linux: "linux", darwin: "macos", win32: "windows" }[process.platform];
  const isMusl = os === "linux" &&
    process.report.getReport().header.glibcVersionRuntime === undefined;
  return [os, process.arch, ...(isMusl ? ["musl"] : [])].join("-");
}

/** The archive of that name with its SHA-256; throws if it is not what was released. */
export async function fetchArchive(folder, name, { sha256, publicKey }) {
  const wanted = sha256 || await findSum(folder, name, publicKey);
  const archive = await fetchFile(`${folder}/${name}`);
  const found = sumOf(archive);
  if (found === wanted.toLowerCase()) return { archive, sum: found };
  throw new Error(`${name} is not what was released: its SHA-256 is ${found}, not ${wanted}`);
}

/** The SHA-256 of bytes, in hexadecimal. */
export function sumOf(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

async function findSum(folder, name, publicKey) {
  const sums = await fetchFile(`${folder}/SHA256SUMS`);
  if (publicKey) {
    const signature = (await fetchFile(`${folder}/SHA256SUMS.minisig`)).toString();
    if (!isSigned(sums, signature, publicKey)) {
      throw new Error("SHA256SUMS is not signed by the public key");
    }
  }
  const line = sums.toString().split("\n").find((line) => line.slice(64) === `  ${name}`);
  if (line === undefined) throw new Error(`SHA256SUMS has no ${name}`);
  return line.slice(0, 64);
}

/** True if minisign's key has signed the bytes (https://jedisct1.github.io/minisign/). */
function isSigned(bytes, signature, publicKey) {
  const [key, signed] = [publicKey, signature.split("\n")[1] ?? ""]
    .map((text) => Buffer.from(text, "base64"));
  if (key.length !== 42 || signed.length !== 74) return false;
  if (
    signed.toString("latin1", 0, 2) !== "ED" || !signed.subarray(2, 10).equals(key.subarray(2, 10))
  ) {
    return false;
  }
  const ed25519 = createPublicKey({
    key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key.subarray(10)]),
    format: "der",
    type: "spki",
  });
  return verify(
    null,
    createHash("blake2b512").update(bytes).digest(),
    ed25519,
    signed.subarray(10),
  );
}

async function fetchFile(url, redirects = 5) {
  if (!url.startsWith("https://")) throw new Error(`${url} does not begin with https://`);
  // a redirect may lead anywhere: each is looked at
  const response = await fetch(url, { redirect: "manual" });
  const location = response.headers.get("location");
  if (response.status >= 300 && response.status < 400 && location && redirects > 0) {
    await response.arrayBuffer(); // what is not read keeps the connection
    return await fetchFile(new URL(location, url).href, redirects - 1);
  }
  if (!response.ok) throw new Error(`${url} can't be fetched: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
