import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, startGrantService } from "../../test/fakes/grant_service.ts";
import { memoryPlatform } from "../platform/memory.ts";
import { apiVersion } from "../resources/resource.ts";
import { revokeGrant } from "./revoke.ts";

const { signal } = new AbortController();
const surroundings = { env: {}, now: Date.now };

async function platformWithGrant(status: { url: string; ca: string; code: string }) {
  const platform = memoryPlatform();
  await platform.apply<"AccessGrant">({
    apiVersion,
    kind: "AccessGrant",
    metadata: { name: "west-6bfn6" },
    status,
  }, signal);
  return platform;
}

test("revokeGrant() waits until the service refuses the grant's tokens", async () => {
  const known = answer(200, "usesLeft: 1\n");
  const service = await startGrantService((request, socket) =>
    (request.number < 4 ? known : answer(404, "", { reason: "revoked" }))(request, socket)
  );
  const platform = await platformWithGrant(service.token.spec);
  await revokeGrant(platform, "west-6bfn6", surroundings, signal);
  assert.deepEqual(service.requests.map(({ method }) => method), ["GET", "GET", "GET", "GET"]);
  assert.equal(await platform.get("AccessGrant", "west-6bfn6", signal), undefined);
  await service.close();
});

test("revokeGrant() does not wait for a service that does not answer such questions, or is down", async () => {
  const service = await startGrantService(answer(405, "Method not allowed"));
  const { spec } = service.token;
  await revokeGrant(await platformWithGrant(spec), "west-6bfn6", surroundings, signal);
  assert.equal(service.requests.length, 1);
  await service.close();
  await revokeGrant(await platformWithGrant(spec), "west-6bfn6", surroundings, signal);
});

test("revokeGrant() throws resource-not-found, and the signal's reason", async () => {
  const platform = memoryPlatform();
  await assert.rejects(revokeGrant(platform, "no", surroundings, signal), {
    code: "resource-not-found",
  });
  const ended = new AbortController();
  const service = await startGrantService((_request, _socket) => ended.abort(new Error("stop")));
  const { spec } = service.token;
  const revoked = revokeGrant(
    await platformWithGrant(spec),
    "west-6bfn6",
    surroundings,
    ended.signal,
  );
  await assert.rejects(revoked, { message: "stop" });
  await service.close();
});
