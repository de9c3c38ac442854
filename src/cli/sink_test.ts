import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSink, type Sink } from "./sink.ts";

const good: [string, Sink][] = [
  ["github-output", { kind: "github-output" }],
  ["github-output:link-token", { kind: "github-output", name: "link-token" }],
  ["github-env:TOKEN", { kind: "github-env", name: "TOKEN" }],
  ["gitlab-dotenv:job.env", { kind: "gitlab-dotenv", file: "job.env" }],
  ["env-file:TOKEN=a=b.env", { kind: "env-file", name: "TOKEN", file: "a=b.env" }],
  ["fd:3", { kind: "fd", descriptor: 3 }],
  ["token.yaml", { kind: "file", file: "token.yaml" }],
  ["./fd:1", { kind: "file", file: "./fd:1" }],
  ["-", { kind: "stdout" }],
];

for (const [text, sink] of good) {
  test(`--to ${text}`, () => assert.deepEqual(parseSink(text), sink));
}

const bad = ["", "fd:2", "fd:", "fd:x", "env-file", "env-file:", "gitlab-dotenv:A="];
for (const text of [...bad, "github-env:1A", "github-env:A\nB", "github-output:a b"]) {
  test(`--to ${JSON.stringify(text)} is refused`, () => assert.throws(() => parseSink(text)));
}
