import assert from "node:assert/strict";
import { test } from "node:test";
import { appError } from "../errors/app_error.ts";
import { memoryPlatform } from "../platform/memory.ts";
import { apiVersion } from "../resources/api_version.ts";
import type { LiveChange } from "../router/live_change.ts";
import type { ControllerNamespace } from "./home.ts";
import { putToUse } from "./put_to_use.ts";

const never = new AbortController().signal;

/** Puts the link of token t to use in a router that answers so, and gives what is reported. */
async function report(
  apply: (name: string) => Promise<LiveChange>,
  signal = never,
): Promise<Record<string, unknown>[]> {
  const platform = memoryPlatform("east");
  for (const name of ["t", "other"]) {
    const spec = { endpoints: [], tlsCredentials: name };
    await platform.apply<"Link">({ apiVersion, kind: "Link", metadata: { name }, spec }, never);
  }
  const namespace = { platform, liveLinks: { apply } } as unknown as ControllerNamespace;
  const events: Record<string, unknown>[] = [];
  await putToUse("t", namespace, (event, fields) => events.push({ event, ...fields }), signal);
  return events;
}

test("the links of a token are given to the router, and what came of it is reported", async () => {
  const command = "skupper system reload -n east -p linux";
  const asked: string[] = [];
  const link = { namespace: "east", name: "t" };
  const used = await report((name) => {
    asked.push(name);
    return Promise.resolve({ done: true, until: command });
  });
  assert.deepEqual(asked, ["t"]);
  assert.deepEqual(used, [{ event: "link-used", ...link, until: command }]);
  const why = "it does not answer";
  assert.deepEqual(
    await report(() => Promise.resolve({ done: false, running: true, why, command })),
    [{ event: "link-not-used", ...link, why, command }],
  );
  assert.deepEqual(
    await report(() => Promise.resolve({ done: false, running: false, command })),
    [],
  );
});

test("a router that fails is no failure of the redemption, and a stop is heeded", async () => {
  const error = appError("not-writable", { path: "/x", why: "the disk is full" });
  const [event] = await report(() => Promise.reject(error));
  assert.deepEqual([event!["event"], event!["code"]], ["link-not-used", "not-writable"]);
  const stopped = AbortSignal.abort(new Error("stopped"));
  await assert.rejects(report(() => Promise.reject(stopped.reason), stopped), /stopped/);
});
