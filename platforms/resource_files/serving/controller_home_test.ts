import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Change } from "../../../src/controller/home.ts";
import type { AppError } from "../../../src/errors/app_error.ts";
import { controllerHome } from "./controller_home.ts";
import { type NamespacePaths, namespacePaths } from "../paths.ts";
import { fileNamespace } from "./served_namespace.ts";
import { createSiteAuthority, siteUid } from "../site/site_authority.ts";
import { FileStore } from "../store/store.ts";

const never = new AbortController().signal;

/** A data home in a temporary folder, and the changes that the controller is told of. */
async function openHome(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "hawser-home-"));
  const end = new AbortController();
  const problems: AppError[] = [];
  const home = controllerHome({
    home: folder,
    clock: { readings: () => [Date.now()], settled: () => -Infinity },
    open: (namespace) => {
      const paths = namespacePaths(folder, namespace);
      const store = new FileStore("linux", paths, {
        siteUid: () => siteUid(paths),
        deriveStatus: () => Promise.resolve(undefined),
        onProblem: (problem) => problems.push(problem),
      });
      return Promise.resolve(fileNamespace({ paths, platform: store }));
    },
    onProblem: (problem) => assert.fail(String(problem)),
  });
  const changes = home.changes(end.signal)[Symbol.asyncIterator]();
  t.after(async () => {
    end.abort();
    assert.equal((await changes.next()).done, true);
    await rm(folder, { recursive: true });
  });

  /** Resolves when that change is named; others before it are passed over. */
  async function sees(wanted: Change): Promise<void> {
    for (;;) {
      const { value, done } = await changes.next();
      assert.ok(!done);
      if (JSON.stringify(value) === JSON.stringify(wanted)) return;
    }
  }
  return { folder, home, sees, problems };
}

async function makeNamespace(folder: string, namespace: string): Promise<NamespacePaths> {
  const paths = namespacePaths(folder, namespace);
  await mkdir(paths.inputResources, { recursive: true });
  return paths;
}

function yaml(kind: string, name: string, spec = ""): string {
  return `apiVersion: skupper.io/v2alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${spec}`;
}

test("namespaces, sites, grants and tokens that come later are seen", async (t) => {
  const { folder, home, sees } = await openHome(t);
  const west = await makeNamespace(folder, "west");
  await writeFile(join(west.inputResources, "Site-west.yaml"), yaml("Site", "west"));
  await sees({ kind: "Site", namespace: "west", name: "west" });
  await writeFile(join(west.inputResources, "grant.yaml"), yaml("AccessGrant", "my-grant"));
  await sees({ kind: "AccessGrant", namespace: "west", name: "my-grant" });
  const east = await makeNamespace(folder, "east");
  const token = yaml("AccessToken", "my-token", "spec: { url: a, code: b, ca: c }\n");
  await writeFile(join(east.inputResources, "token.tmp"), token);
  await rename(join(east.inputResources, "token.tmp"), join(east.inputResources, "token.yaml"));
  await sees({ kind: "AccessToken", namespace: "east", name: "my-token" });
  assert.deepEqual(await home.namespaces(never), ["east", "west"]);
});

test("what is changed and what is removed is named again", async (t) => {
  const { folder, sees } = await openHome(t);
  const { root, inputResources } = await makeNamespace(folder, "west");
  const grant: Change = { kind: "AccessGrant", namespace: "west", name: "my-grant" };
  const file = join(inputResources, "grant.yaml");
  await writeFile(file, yaml("AccessGrant", "my-grant"));
  await sees(grant);
  await writeFile(file, yaml("AccessGrant", "my-grant", "spec: { redemptionsAllowed: 3 }\n"));
  await sees(grant);
  await rm(file);
  await sees(grant);
  await writeFile(file, yaml("AccessGrant", "my-grant"));
  await sees(grant);
  await rm(root, { recursive: true });
  await sees(grant);
});

test("a status the controller writes is no change to it", async (t) => {
  const { folder, home, sees } = await openHome(t);
  const paths = await makeNamespace(folder, "west");
  await createSiteAuthority(paths);
  const { platform } = await home.open("west");
  const grant = { apiVersion: "skupper.io/v2alpha1", kind: "AccessGrant" } as const;
  await platform.apply<"AccessGrant">({ ...grant, metadata: { name: "a" } }, never);
  await sees({ kind: "AccessGrant", namespace: "west", name: "a" });
  const written = { metadata: { name: "a" }, status: { message: "seen" } };
  await platform.apply<"AccessGrant">({ ...grant, ...written }, never);
  await platform.apply<"AccessGrant">({ ...grant, metadata: { name: "b" } }, never);
  await sees({ kind: "AccessGrant", namespace: "west", name: "b" });
});

test("a broken file is told with its line, and hides no other namespace", async (t) => {
  const { folder, sees, problems } = await openHome(t);
  const broken = await makeNamespace(folder, "broken");
  const text = `${yaml("Site", "a")}---\nkind: [\n`;
  await writeFile(join(broken.inputResources, "bad.yaml"), text);
  const west = await makeNamespace(folder, "west");
  await writeFile(join(west.inputResources, "Site-west.yaml"), yaml("Site", "west"));
  await sees({ kind: "Site", namespace: "west", name: "west" });
  while (problems.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(problems[0]!.message, /broken\/input\/resources\/bad\.yaml.*line 7/s);
});

test("retireToken() takes a token out of its file and keeps how it ended", async (t) => {
  const { folder, home } = await openHome(t);
  const paths = await makeNamespace(folder, "east");
  await createSiteAuthority(paths);
  const file = join(paths.inputResources, "mine.yaml");
  const link = `# mine\n${yaml("Link", "other", "spec: { endpoints: [] }\n")}`;
  const token = yaml("AccessToken", "t", "spec: { url: a, code: b, ca: c }\n");
  await writeFile(file, `${link}---\n${token}`);
  const namespace = await home.open("east");
  const before = await namespace.platform.get("AccessToken", "t", never);
  const status = { redeemed: true, status: "Ready" };
  await namespace.platform.apply<"AccessToken">({ ...before!, status }, never);
  await namespace.retireToken!("t", never);
  assert.equal(await readFile(file, "utf8"), link);
  const after = await namespace.platform.get("AccessToken", "t", never);
  assert.deepEqual(after?.status, status);
  assert.equal(after?.metadata.uid, before?.metadata.uid);
  await namespace.retireToken!("t", never);
  assert.equal((await namespace.platform.list("AccessToken", never)).length, 1);
});
