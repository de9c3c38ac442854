import assert from "node:assert/strict";
import { test } from "node:test";
import { appError, isAppError } from "../../../src/errors/app_error.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import type { ApiClient } from "../api/client.ts";
import type { ApiRequest } from "../api/request.ts";
import { ClusterCache } from "./cluster_cache.ts";
import { clusterNamespace } from "./served_namespace.ts";

const { signal } = new AbortController();

/** A namespace whose cache is empty, behind a cluster that answers so. */
function openNamespace(answer: (request: ApiRequest) => unknown) {
  const asked: string[] = [];
  // deno-lint-ignore require-await -- where it throws, the promise is to
  const send = async (request: ApiRequest) => {
    asked.push(`${request.verb} ${request.kind}`);
    return answer(request);
  };
  const cache = new ClusterCache({ namespaces: undefined, onChange() {}, onProblem() {} });
  const api = { send } as unknown as ApiClient;
  const cluster = { api, cache, replica: "a", now: Date.now, signal };
  return { asked, ...clusterNamespace(cluster, "west") };
}

test("a grant that the cache lacks is gone only where the cluster says so", async () => {
  const metadata = { name: "g", namespace: "west", uid: "u" };
  const there = openNamespace(() => ({ apiVersion, kind: "AccessGrant", metadata }));
  const grant = await there.platform.get("AccessGrant", "g", signal);
  assert.equal(grant?.metadata.uid, "u");
  const unreadable = openNamespace(() => ({ apiVersion, kind: "AccessGrant", metadata, spec: 1 }));
  await assert.rejects(
    unreadable.platform.get("AccessGrant", "g", signal),
    (error) => isAppError(error, "resource-invalid"),
  );
  const gone = openNamespace(({ kind }) => {
    throw appError("resource-not-found", { kind, name: "g", namespace: "west" });
  });
  assert.equal(await gone.platform.get("AccessGrant", "g", signal), undefined);
  assert.equal(await gone.platform.get("Site", "s", signal), undefined);
  assert.deepEqual(gone.asked, ["get AccessGrant"]);
});
