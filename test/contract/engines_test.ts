import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connectEngine, type Engine } from "../../platforms/container_engine/engine.ts";
import {
  applicationLabel,
  provideImage,
  removeOldImages,
} from "../../platforms/container_engine/image.ts";
import { findImageFiles, packFiles } from "../../platforms/container_engine/image_files.ts";
import { appError, isAppError } from "../../src/errors/app_error.ts";
import { missingForEngine } from "../testbed/engines/programs.ts";
import { type EngineName, type EngineTestbed, startEngine } from "../testbed/engines/start.ts";

/** A program that is on every machine, needs a library, and does as it is told. */
const shell = "/bin/sh";

const { signal } = new AbortController();

for (const name of ["docker", "podman"] as const) {
  const missing = missingForEngine[name];
  if (missing === undefined) describe(name, () => engineContract(name));
  else test(`${name} as an engine (needs ${missing})`, { skip: true }, () => {});
}

function engineContract(name: EngineName): void {
  let testbed: EngineTestbed;
  let engine: Engine;
  let folder: string;

  before(async () => {
    testbed = await startEngine(name);
    engine = await connectEngine(testbed.socket, signal);
    folder = await mkdtemp(join(tmpdir(), "hawser-engines-"));
  });

  after(async () => {
    await testbed.stop();
    await rm(folder, { recursive: true });
  });

  /** The shell, and so much more in the same file that it is another one and takes its time. */
  async function makeExecutable(size: number): Promise<string> {
    const file = join(folder, `shell-${size}`);
    await copyFile(shell, file);
    await truncate(file, size);
    return file;
  }

  async function run(container: string, image: string, script: string): Promise<void> {
    const labels = { application: "hawser", run: container };
    await engine.runContainer(container, {
      Image: image,
      Cmd: ["-c", script],
      Labels: labels,
      HostConfig: { NetworkMode: "host", ReadonlyRootfs: true, CapDrop: ["ALL"] },
    }, signal);
  }

  async function untilEnded(container: string) {
    for (;;) {
      const found = await engine.inspectContainer(container, signal);
      if (found === undefined || found.state === "exited") return found;
    }
  }

  test("an image is made once of an executable, and runs it", async () => {
    const image = await provideImage(engine, [shell], signal);
    assert.match(image, /^localhost\/hawser:[0-9a-f]{16}$/);
    assert.equal(await provideImage(engine, [shell], signal), image);
    assert.equal((await engine.listOtherImages(applicationLabel, "", signal)).length, 1);

    await run("speaks", image, "echo out; echo err >&2; exit 7");
    const ended = await untilEnded("speaks");
    assert.equal(ended?.exitCode, 7);
    assert.equal(ended?.name, "speaks");
    assert.equal(ended?.image, image);
    assert.equal(ended?.isRunning, false);
    const lines = (await engine.readLog("speaks", signal)).trim().split("\n");
    assert.deepEqual(lines.toSorted(), ["err", "out"]);
  });

  test("a program that runs from its source is no executable", async () => {
    await assert.rejects(
      provideImage(engine, [shell, "run", "main.ts"], signal),
      (error) => isAppError(error, "executable-needed"),
    );
  });

  test("containers are found by their labels, and go when they are removed", async () => {
    const image = await provideImage(engine, [shell], signal);
    await run("runs", image, "while :; do read line; done");
    await run("other", image, "exit");
    const [found, ...more] = await engine.listContainers([applicationLabel, "run=runs"], signal);
    assert.equal(more.length, 0);
    assert.equal(found?.state, "running");
    assert.ok(found!.pid > 1);
    await engine.stopContainer(found!, 1000, signal);
    assert.equal((await engine.inspectContainer("runs", signal))?.isRunning, false);
    for (const container of ["runs", "runs", "other"]) {
      await engine.removeContainer(container, signal);
    }
    assert.deepEqual(await engine.listContainers([applicationLabel, "run=runs"], signal), []);
    assert.equal(await engine.inspectContainer("runs", signal), undefined);
  });

  test("old images go, but for those that containers are made of", async () => {
    const used = await provideImage(engine, [await makeExecutable(1_000_000)], signal);
    await run("uses", used, "exit");
    const unused = await provideImage(engine, [await makeExecutable(1_000_001)], signal);
    const latest = await provideImage(engine, [await makeExecutable(1_000_002)], signal);
    await removeOldImages(engine, latest, signal);
    assert.deepEqual(
      await Promise.all([used, unused, latest].map((image) => engine.hasImage(image, signal))),
      [true, false, true],
    );
    await engine.removeContainer("uses", signal);
    await removeOldImages(engine, latest, signal);
    assert.equal(await engine.hasImage(used, signal), false);
  });

  /** An image in the making, and `halfWay` through it something else. */
  async function importAnd(halfWay: () => unknown, importSignal: AbortSignal): Promise<void> {
    const files = await findImageFiles(await makeExecutable(50_000_000));
    async function* archive() {
      let chunks = 0;
      for await (const chunk of packFiles(files)) {
        yield chunk;
        if (++chunks === 20) await halfWay();
      }
    }
    await engine.importImage({
      archive: archive(),
      instructions: [`LABEL ${applicationLabel}`],
      repository: "localhost/hawser",
      tag: "half",
    }, importSignal);
  }

  test("an import that is interrupted leaves no image", async () => {
    const before = await engine.listOtherImages(applicationLabel, "", signal);
    const interrupt = new AbortController();
    await assert.rejects(
      importAnd(() => interrupt.abort(new Error("enough")), interrupt.signal),
      /enough/,
    );
    assert.deepEqual(await engine.listOtherImages(applicationLabel, "", signal), before);
  });

  test("an import that its source breaks off leaves no image", async () => {
    const before = await engine.listOtherImages(applicationLabel, "", signal);
    const halfWay = () => Promise.reject(appError("not-readable", { path: "/x", why: "gone" }));
    await assert.rejects(importAnd(halfWay, signal), (error) => isAppError(error, "not-readable"));
    assert.deepEqual(await engine.listOtherImages(applicationLabel, "", signal), before);
  });

  test("a container whose making is interrupted is removed, and hides no other", async () => {
    const image = await provideImage(engine, [shell], signal);
    for (let afterMs = 0; afterMs < 120; afterMs += 6) {
      const interrupt = new AbortController();
      const timer = setTimeout(() => interrupt.abort(new Error("enough")), afterMs);
      const spec = { Image: image, Cmd: ["-c", "exit"], Labels: { application: "hawser" } };
      await engine.runContainer("cut", spec, interrupt.signal).catch((error) => {
        assert.match(error.message, /enough/);
      });
      clearTimeout(timer);
      await engine.listContainers([applicationLabel], signal);
      await engine.removeContainer("cut", signal);
      assert.equal(await engine.inspectContainer("cut", signal), undefined);
    }
  });

  test("an engine that ends in the middle is lost, and is whole when it is back", async () => {
    const before = await engine.listOtherImages(applicationLabel, "", signal);
    await assert.rejects(
      importAnd(() => testbed.interrupt(), signal),
      (error) => isAppError(error, "engine-lost", "engine-unreachable"),
    );
    await assert.rejects(
      connectEngine(testbed.socket, signal),
      (error) => isAppError(error, "engine-unreachable"),
    );
    await testbed.restart();
    engine = await connectEngine(testbed.socket, signal);
    assert.deepEqual(await engine.listOtherImages(applicationLabel, "", signal), before);
  });

  test("a full disk is told as such, and leaves no image", async () => {
    const small = await startEngine(name, { diskBytes: 32_000_000 });
    try {
      const engine = await connectEngine(small.socket, signal);
      await assert.rejects(
        provideImage(engine, [await makeExecutable(50_000_000)], signal),
        (error) => isAppError(error, "engine-disk-full"),
      );
      assert.deepEqual(await engine.listOtherImages(applicationLabel, "", signal), []);
      await provideImage(engine, [shell], signal);
    } finally {
      await small.stop();
    }
  });
}
