import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Fails if a code or private key found in any file below `folder`, or one of `known`, stands in an
 * output or in a file that others than its owner may read.
 */
export function assertNoSecrets(folder: string, outputs: string[], known: string[] = []): void {
  const files = filesBelow(folder);
  const secrets = new Set([...known, ...files.flatMap(({ text }) => secretsOf(text))]);
  const places = [
    ...outputs.map((text) => ({ name: "an output", text })),
    ...files.filter(({ open }) => open).map(({ file, text }) => ({ name: file, text })),
  ];
  for (const { name, text } of places) {
    for (const secret of secrets) {
      assert.ok(!text.includes(secret), `${name} holds a secret:\n${text}`);
    }
  }
}

/** A log as GitHub's runner shows it: what names a secret to be masked is taken out. */
export function withoutMasks(log: string): string {
  return log.replaceAll(/^::add-mask::.*$/gm, "");
}

/** Codes of grants and tokens, and the lines of private keys, as they stand and in base64. */
export function secretsOf(text: string): string[] {
  const codes = Array.from(text.matchAll(/^\s+"?code"?: *"?([^\s",]{8,})/gm), ([, code]) => code!);
  const encoded = Array.from(text.matchAll(/LS0tLS1CRUdJTi[A-Za-z0-9+/=]+/g), ([found]) => found)
    .filter((found) => isPrivateKey(decode(found)));
  const keys = [text, ...encoded.map(decode)].flatMap(privateKeyLines);
  return [...codes, ...encoded, ...keys];
}

function privateKeyLines(text: string): string[] {
  const blocks = text.replaceAll("\\n", "\n")
    .matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----([^-]+)-----END/g);
  return Array.from(blocks, ([, body]) => body!.split("\n").map((line) => line.trim()))
    .flat()
    .filter((line) => line.length >= 16);
}

function isPrivateKey(text: string): boolean {
  return /^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text);
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

/** The regular files below a folder; `open` if others than the owner may read them. */
function filesBelow(folder: string): { file: string; text: string; open: boolean }[] {
  const program = path.join(folder, "bin");
  return fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath !== program)
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({
      file,
      text: fs.readFileSync(file, "latin1"),
      open: (fs.statSync(file).mode & 0o077) !== 0,
    }));
}
