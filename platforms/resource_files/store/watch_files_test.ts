import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { listResourceFiles } from "./resource_reader.ts";
import { watchFolders } from "./watch_files.ts";

describe("watchFolders()", () => {
  let root: string;
  let folder: string;
  let end: AbortController;
  let ticks: AsyncGenerator<void>;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "watch-"));
    folder = join(root, "a", "b");
    end = new AbortController();
    ticks = watchFolders(() => Promise.resolve([folder]), end.signal);
    await ticks.next();
  });

  afterEach(async () => {
    end.abort();
    for await (const _ of ticks) assert.fail("a tick after the end");
    await rm(root, { recursive: true });
  });

  /** Ticks until the folder holds just those files: hangs if no tick comes for them. */
  async function until(...files: string[]): Promise<void> {
    while (!(await ticks.next()).done) {
      const found = (await listResourceFiles(folder)).map((file) => file.slice(folder.length + 1));
      if (JSON.stringify(found) === JSON.stringify(files)) return;
    }
  }

  /** As the store writes. */
  async function put(file: string): Promise<void> {
    const temporary = join(folder, ".hawser-0123.tmp");
    await writeFile(temporary, file);
    await rename(temporary, join(folder, file));
  }

  test("sees a folder appear, its files come and go, and folders in it", async () => {
    await mkdir(folder, { recursive: true });
    await put("x.yaml");
    await until("x.yaml");
    await put("y.yaml");
    await until("x.yaml", "y.yaml");
    await rm(join(folder, "x.yaml"));
    await until("y.yaml");
    await mkdir(join(folder, "deep"));
    await put("deep/z.yaml");
    await until("deep/z.yaml", "y.yaml");
    await rm(folder, { recursive: true });
    await until();
  });

  test("sees a folder that was replaced by another of its name", async () => {
    for (const file of ["x.yaml", "y.yaml", "z.yaml"]) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      await put(file);
      await until(file);
    }
  });

  test("ends while a tick is waited for", async () => {
    const next = ticks.next();
    end.abort();
    assert.equal((await next).done, true);
  });

  test("sees a file come, and not what happens beside it", async () => {
    await mkdir(folder, { recursive: true });
    const both = [["state.json"], []].map((names) =>
      watchFolders(() => Promise.resolve([join(folder, ...names)]), end.signal)
    );
    const [ofFile, ofFolder] = both as [AsyncGenerator<void>, AsyncGenerator<void>];
    await Promise.all(both.map((one) => one.next()));
    let seen = false;
    const next = ofFile.next().then(() => seen = true);
    await writeFile(join(folder, "beside.log"), "");
    await ofFolder.next();
    assert.equal(seen, false);
    await writeFile(join(folder, "state.json"), "");
    await next;
    end.abort();
    await Promise.all(both.map((one) => one.next()));
  });

  test("asks anew which folders there are", async () => {
    folder = join(root, "c");
    await mkdir(folder);
    await put("x.yaml");
    await mkdir(join(root, "a"));
    await until("x.yaml");
  });
});
