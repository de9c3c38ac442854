import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";

const size = 1_000_000;

/** Starts a process that writes a long text and then tells stderr what came of it. */
function startWriter(stdout: "pipe" | number, before = ""): ChildProcess {
  const program = `
    import process from "node:process";
    import { processWorld } from ${JSON.stringify(import.meta.resolve("./streams.ts"))};
    const { stdout, stderr } = processWorld();
    ${before};
    await stdout.write("é".repeat(${size}) + "!").then(
      () => stderr.write("written"),
      (error) => stderr.write(error.message),
    );
    process.exit(0);
  `;
  const evaluate = "deno" in process.versions ? ["eval", "--ext=ts"] : ["--eval"];
  return spawn(process.execPath, [...evaluate, program], { stdio: ["ignore", stdout, "pipe"] });
}

async function readAll(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  for await (const chunk of stream!.setEncoding("utf8")) text += chunk;
  return text;
}

for (const before of ["", "process.stdout.isTTY"]) {
  test(`a slow reader gets everything (${before || "stream not opened"})`, async () => {
    const writer = startWriter("pipe", before);
    const [first] = await once(writer.stdout!, "readable").then(() => [writer.stdout!.read(1000)]);
    const [rest, outcome] = await Promise.all([readAll(writer.stdout), readAll(writer.stderr)]);
    const text = Buffer.concat([first, Buffer.from(rest)]).toString();
    assert.equal(text, "é".repeat(size) + "!");
    assert.equal(outcome, "written");
  });
}

test("a reader that left is no failure", async () => {
  const writer = startWriter("pipe");
  writer.stdout!.destroy();
  assert.equal(await readAll(writer.stderr), "written");
});

test(
  "a result that can't be kept is a failure (needs /dev/full)",
  { skip: !existsSync("/dev/full") },
  async () => {
    const writer = startWriter(openSync("/dev/full", "w"));
    assert.equal(
      await readAll(writer.stderr),
      "Cannot write standard output: the disk is full",
    );
  },
);
