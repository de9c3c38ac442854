import assert from "node:assert/strict";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import { memoryPlatform } from "../platform/memory.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import type { Resource } from "../resources/kinds.ts";
import { applyManifest, inOrder, rehearse } from "./apply_manifests.ts";

const signal = new AbortController().signal;
const apiVersion = "skupper.io/v2alpha1";

function grant(redemptionsAllowed: number, labels = {}): AccessGrant {
  const metadata = { name: "crew", labels };
  return { apiVersion, kind: "AccessGrant", metadata, spec: { redemptionsAllowed } };
}

test("what others write meanwhile is kept, and the spec is as the file says", async () => {
  const store = memoryPlatform();
  await applyManifest(store, grant(1, { by: "us" }), signal);
  let interruptions = 3;
  const busy = {
    ...store,
    /** A controller writes the status between our look and our write. */
    async apply(...[resource, ...rest]: Parameters<typeof store.apply>) {
      if (interruptions-- > 0) {
        const found = await store.get("AccessGrant", "crew", signal);
        const status = { redemptions: interruptions };
        const metadata = { ...found!.metadata, annotations: { seen: "yes" } };
        await store.apply<"AccessGrant">({ ...found!, metadata, status }, signal);
      }
      return await store.apply(resource, ...rest);
    },
  } as typeof store;
  assert.equal(await applyManifest(busy, grant(5, { more: "x" }), signal), "configured");
  const stored = await store.get("AccessGrant", "crew", signal);
  assert.deepEqual(stored?.spec, { redemptionsAllowed: 5 });
  assert.deepEqual(stored?.status, { redemptions: 0 });
  assert.deepEqual(stored?.metadata.labels, { by: "us", more: "x" });
  assert.deepEqual(stored?.metadata.annotations, { seen: "yes" });
  assert.equal(await applyManifest(store, grant(5), signal), "unchanged");
});

test("many who apply at once leave what one of them wanted", async () => {
  const store = memoryPlatform();
  const changes = await Promise.all(
    Array.from({ length: 5 }, (_, index) => applyManifest(store, grant(index + 1), signal)),
  );
  assert.equal(changes.filter((change) => change === "created").length, 1);
  const stored = await store.get("AccessGrant", "crew", signal);
  assert.ok([1, 2, 3, 4, 5].includes(stored!.spec!.redemptionsAllowed!));
});

test("a conflict that never ends is told", async () => {
  const store = memoryPlatform();
  await applyManifest(store, grant(1), signal);
  const never = {
    ...store,
    async get(...args: Parameters<typeof store.get>) {
      const found = await store.get(...args);
      return found && { ...found, metadata: { ...found.metadata, resourceVersion: "old" } };
    },
  } as typeof store;
  await assert.rejects(
    applyManifest(never, grant(2), signal),
    (error) => isAppError(error, "conflict"),
  );
});

test("what is named twice is refused before anything is stored", async () => {
  const platform = memoryPlatform();
  const all = [grant(1), grant(2)].map((resource, index) => ({
    resource: resource as Resource,
    where: `file ${index}`,
    namespace: undefined,
    platform,
  }));
  await assert.rejects(rehearse(all, signal), (error) => isAppError(error, "resource-invalid"));
  assert.deepEqual(await platform.list("AccessGrant", signal), []);
});

test("what others need comes first, else the order of the files stays", () => {
  const kinds = ["AccessToken", "Link", "AccessGrant", "Site", "RouterAccess", "Secret", "Link"];
  const all = kinds.map((kind, index) => ({
    resource: { kind, metadata: { name: `${index}` } } as unknown as Resource,
  }));
  assert.deepEqual(inOrder(all).map(({ resource }) => resource.metadata.name), [
    ...["5", "4", "3", "2", "1", "6", "0"],
  ]);
});
