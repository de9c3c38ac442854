import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type AppError, isAppError } from "../../../src/errors/app_error.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { type NamespacePaths, namespacePaths } from "../paths.ts";
import { FileStore } from "./store.ts";
import type { StoreHooks } from "./store_hooks.ts";

const signal = new AbortController().signal;

const siteText = `# the site of the west
apiVersion: skupper.io/v2alpha1
kind: Site
metadata:
  name: west # short for western
spec:
  linkAccess: default
`;

function linkText(name: string, namespace = '""'): string {
  return `apiVersion: skupper.io/v2alpha1
kind: Link
metadata: {name: ${name}, namespace: ${namespace}, creationTimestamp: null}
spec:
  endpoints: # by hand
    - {name: edge, host: e, port: "45671"}
status: {}
`;
}

describe("resources in a namespace's input", () => {
  let home: string;
  let paths: NamespacePaths;
  let store: Platform;
  let problems: AppError[];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "input-"));
    paths = namespacePaths(home, "west");
    problems = [];
    store = open({});
  });

  afterEach(() => rm(home, { recursive: true }));

  function open(hooks: Partial<StoreHooks>): Platform {
    return new FileStore("linux", paths, {
      siteUid: () => Promise.resolve(undefined),
      deriveStatus: () => Promise.resolve(undefined),
      onProblem: (problem) => problems.push(problem),
      ...hooks,
    });
  }

  async function put(file: string, text: string): Promise<string> {
    const path = join(paths.root, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  async function linkNames(): Promise<string[]> {
    return (await store.list("Link", signal)).map((link) => link.metadata.name);
  }

  test("are read with upstream's defaults, and empty fields count as absent", async () => {
    const access = "kind: RouterAccess\nmetadata: {name: gate, namespace: null}\n" +
      "spec: {roles: [{name: edge, port: 45671}]}\nstatus:\n";
    await put("input/resources/a.yaml", `apiVersion: skupper.io/v2alpha1\n${access}`);
    await put("input/resources/s.yaml", siteText.replace("spec:\n  linkAccess: default", "spec:"));
    const gate = await store.get("RouterAccess", "gate", signal);
    assert.equal(gate?.spec?.tlsCredentials, "gate");
    assert.equal((await store.get("Site", "west", signal))?.metadata.name, "west");
    assert.deepEqual(problems, []);
  });

  test("are found under any file name, at any depth, in any document", async () => {
    await put("input/resources/a.yml", `${linkText("one")}---\n${siteText}---\n`);
    await put("input/resources/deep/er/Secret-x.yaml", linkText("two"));
    await put("input/resources/b.yaml", JSON.stringify({ kind: "Listener" }));
    await put("input/resources/notes.txt", linkText("three"));
    assert.deepEqual(await linkNames(), ["one", "two"]);
    const site = await store.get("Site", "west", signal);
    assert.equal(site?.spec?.linkAccess, "default");
    assert.equal(site?.metadata.namespace, "west");
    assert.deepEqual(problems, []);
  });

  test("are written as upstream's commands write them, for the owner alone", async () => {
    const applied = await store.apply<"Site">({
      apiVersion: "skupper.io/v2alpha1",
      kind: "Site",
      metadata: { name: "west", uid: "u", generation: 7, creationTimestamp: null },
      spec: { linkAccess: "default" },
      status: { status: "Ready" },
    }, signal);
    const file = join(paths.inputResources, "Site-west.yaml");
    assert.equal(
      await readFile(file, "utf8"),
      "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata:\n  name: west\n" +
        "  namespace: west\nspec:\n  linkAccess: default\n",
    );
    assert.equal(applied.status, undefined);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    for (const folder of [paths.inputResources, paths.root, dirname(paths.lock)]) {
      assert.equal((await stat(folder)).mode & 0o777, 0o700);
    }
    assert.deepEqual(await readdir(paths.inputResources), ["Site-west.yaml"]);
    assert.deepEqual(await readdir(join(home, "namespaces")), ["west"]);
  });

  test("change where they stand, and the other documents stay byte for byte", async () => {
    const text = `${siteText}--- # links\n${linkText("one")}---\n${linkText("two")}`;
    const file = await put("input/resources/all.yaml", text);
    const link = (await store.get("Link", "one", signal))!;
    link.spec!.cost = 5;
    await store.apply<"Link">(link, signal);
    const changed = await readFile(file, "utf8");
    assert.ok(changed.startsWith(`${siteText}--- # links\napiVersion:`));
    assert.ok(changed.endsWith(`---\n${linkText("two")}`));
    assert.equal((await store.get("Link", "one", signal))?.spec?.cost, 5);
    await store.remove("Link", "one", signal);
    assert.equal(await readFile(file, "utf8"), `${siteText}---\n${linkText("two")}`);
    await store.remove("Site", "west", signal);
    await store.remove("Link", "two", signal);
    assert.deepEqual(await readdir(paths.inputResources), []);
  });

  test("that are applied as they are leave their file alone", async () => {
    const file = await put("input/resources/mine.yaml", siteText);
    const before = await stat(file);
    const site = (await store.get("Site", "west", signal))!;
    await store.apply<"Site">({ ...site, status: { status: "Ready" } }, signal);
    assert.equal((await stat(file)).ino, before.ino);
    assert.equal(await readFile(file, "utf8"), siteText);
  });

  test("put twice count as upstream counts, and go together", async () => {
    await put("input/resources/a.yaml", linkText("one"));
    await put(
      "input/resources/b.yaml",
      `${linkText("one")}---\n${linkText("two")}---\n${linkText("one")}`,
    );
    const link = (await store.get("Link", "one", signal))!;
    link.spec!.cost = 9;
    await store.apply<"Link">(link, signal);
    assert.equal((await store.get("Link", "one", signal))?.spec?.cost, 9);
    assert.equal(await readFile(join(paths.inputResources, "a.yaml"), "utf8"), linkText("one"));
    await store.remove("Link", "one", signal);
    assert.deepEqual(await linkNames(), ["two"]);
    assert.deepEqual(await readdir(paths.inputResources), ["b.yaml"]);
  });

  describe("that are broken", () => {
    test("hide nothing else, and are told of once, with file and line", async () => {
      const file = await put(
        "input/resources/all.yaml",
        `${linkText("one")}---\na: [\nb: 1\n---\n${linkText("two")}`,
      );
      await put("input/resources/more.yaml", linkText("three"));
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(await linkNames(), ["one", "three", "two"]);
        assert.equal(await store.get("Link", "none", signal), undefined);
      }
      assert.equal(problems.length, 1);
      assert.match(problems[0]!.message, new RegExp(`^Invalid resource in ${file}: line 1[01]: `));
    });

    test("are told of again when they break again", async () => {
      for (const text of ["a: [", linkText("one"), "a: ["]) {
        await put("input/resources/x.yaml", text);
        await linkNames();
      }
      assert.equal(problems.length, 2);
    });

    const cases: [string, string, RegExp][] = [
      [
        "of a wrong type",
        linkText("x").replace(/endpoints:.*\n.*\n/, "endpoints: 5\n"),
        /x.yaml, line \d+: spec.endpoints must be a list/,
      ],
      ["of another namespace", linkText("x", "east"), /metadata.namespace must be "west"/],
      ["with a name that leads elsewhere", linkText("../../x"), /metadata.name must be/],
      ["without a document's end", `a: 1\n...\n${linkText("x")}`, /separated by "---"/],
      ["beyond a megabyte", `# ${"x".repeat(1024 * 1024)}\n${linkText("x")}`, /exceeds/],
    ];
    for (const [what, text, message] of cases) {
      test(`${what} are left out`, async () => {
        await put("input/resources/all.yaml", `${linkText("one")}---\n${siteText}`);
        await put("input/resources/x.yaml", `# comment\n---\n# another\n${text}`);
        assert.deepEqual(await linkNames(), ["one"]);
        assert.equal(problems.length, 1);
        assert.match(problems[0]!.message, message);
      });
    }

    test("never have a Secret's content in what is told", async () => {
      await put(
        "input/resources/s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: canary\n",
      );
      await put("input/resources/t.yaml", "apiVersion: v1\nkind: Secret\ndata: [canary\n");
      assert.deepEqual(await store.list("Secret", signal), []);
      assert.equal(problems.length, 2);
      for (const problem of problems) {
        assert.ok(!`${problem.message} ${problem.cause}`.includes("canary"));
      }
    });

    test("a folder named as a file, and a file in place of the folder", async () => {
      await mkdir(join(paths.inputResources, "x.yaml"), { recursive: true });
      await put("input/resources/x.yaml/y.yaml", linkText("one"));
      assert.deepEqual(await linkNames(), ["one"]);
      await rm(paths.inputResources, { recursive: true });
      await writeFile(paths.inputResources, "");
      await assert.rejects(linkNames(), { code: "not-readable" });
    });
  });

  describe("in a namespace of ours", () => {
    test("have a derived status, uid and generation, none of it stored", async () => {
      store = open({
        siteUid: () => Promise.resolve("1234"),
        deriveStatus: (resource) =>
          Promise.resolve({
            status: "Ready",
            message: `${resource.kind} ${resource.metadata.generation}`,
          }),
      });
      await put("input/resources/all.yaml", `${siteText}---\n${linkText("one")}`);
      const site = await store.get("Site", "west", signal);
      assert.deepEqual(site?.status, { status: "Ready", message: "Site 1" });
      assert.equal(site?.metadata.uid, "1234");
      const [link] = await store.list("Link", signal);
      assert.deepEqual(link?.status, { status: "Ready", message: "Link 1" });
      assert.match(link!.metadata.uid!, /^[0-9a-f-]{36}$/);
    });

    test("keep their version when only the derived status changes", async () => {
      let message = "one";
      store = open({ deriveStatus: () => Promise.resolve({ message }) });
      await put("input/resources/site.yaml", siteText);
      const before = (await store.get("Site", "west", signal))!;
      message = "two";
      await store.apply<"Site">({ ...before, spec: {} }, signal);
    });
  });

  describe("in a namespace upstream made", () => {
    beforeEach(async () => {
      await put("input/resources/Site-west.yaml", siteText);
      await put(
        "runtime/resources/Site-west.yaml",
        siteText.replace("name: west", 'name: west\n  uid: "77"') +
          "status: {status: Ready, message: OK}\n",
      );
      await put(
        "runtime/resources/RouterAccess-west.yaml",
        "apiVersion: skupper.io/v2alpha1\nkind: RouterAccess\n" +
          "metadata: {name: west, namespace: west, creationTimestamp: null}\n" +
          "spec: {roles: [{name: edge, port: 45671}], tlsCredentials: west}\nstatus: {status: Pending}\n",
      );
    });

    test("have the status and uid that upstream gives them", async () => {
      store = open({ siteUid: () => Promise.resolve("1234"), deriveStatus: () => assert.fail() });
      await put("input/resources/Link-new.yaml", linkText("new"));
      const site = await store.get("Site", "west", signal);
      assert.deepEqual(site?.status, { status: "Ready", message: "OK" });
      assert.equal(site?.metadata.uid, "77");
      assert.equal((await store.get("Link", "new", signal))?.status, undefined);
      const [access] = await store.list("RouterAccess", signal);
      assert.deepEqual(access?.status, { status: "Pending" });
      assert.deepEqual(await store.get("RouterAccess", "west", signal), access);
    });

    test("are written to the input only", async () => {
      const runtime = (await readdir(paths.runtime, { recursive: true })).toSorted();
      await store.apply<"Link">({
        apiVersion: "skupper.io/v2alpha1",
        kind: "Link",
        metadata: { name: "one" },
        spec: { endpoints: [] },
      }, signal);
      await assert.rejects(
        store.remove("RouterAccess", "west", signal),
        (error) => isAppError(error, "namespace-foreign"),
      );
      assert.deepEqual((await readdir(paths.runtime, { recursive: true })).toSorted(), runtime);
      assert.deepEqual((await readdir(paths.root)).toSorted(), ["input", "runtime"]);
      assert.deepEqual(await readdir(join(home, "hawser")), [".locks"]);
    });
  });
});
