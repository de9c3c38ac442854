import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../../test/fakes/world.ts";
import { memoryPlatform } from "../../platform/memory.ts";
import type { AccessGrant } from "../../resources/access_grant.ts";
import { apiVersion } from "../../resources/resource.ts";

const past = "2020-01-01T00:00:00Z";
const message = "expirationWindow must be positive";

const grants: [name: string, spec: AccessGrant["spec"], status: AccessGrant["status"]][] = [
  ["expired", {}, { status: "Ready", expirationTime: past }],
  ["failed", { redemptionsAllowed: -3 }, { status: "Error", message }],
  ["spent", {}, { status: "Ready", redemptions: 1 }],
];

test("grant list says why a grant failed, whatever its numbers are", async () => {
  const platform = memoryPlatform();
  for (const [name, spec, status] of grants) {
    await platform.apply<"AccessGrant">(
      { apiVersion, kind: "AccessGrant", metadata: { name }, spec, status },
      AbortSignal.timeout(10_000),
    );
  }
  const platforms = { linux: () => Promise.resolve(platform) };
  const { stdout } = await run(["grant", "list", "-p", "linux", "-o", "json"], { platforms });
  assert.deepEqual(
    JSON.parse(stdout).map((
      { name, status, message }: Record<string, string>,
    ) => [name, status, message]),
    [["expired", "Expired", undefined], ["failed", "Error", message], [
      "spent",
      "Used up",
      undefined,
    ]],
  );
});
