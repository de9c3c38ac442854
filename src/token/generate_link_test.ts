import assert from "node:assert/strict";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import type { LinkMaker, PlatformWithAbilities } from "../platform/abilities.ts";
import { memoryPlatform } from "../platform/memory.ts";
import { apiVersion } from "../resources/resource.ts";
import type { Site } from "../resources/site.ts";
import { startDeadline } from "../wait/deadline.ts";
import { generateLink } from "./generate_link.ts";

const signal = new AbortController().signal;

const linkMaker: LinkMaker = {
  make: (name) =>
    Promise.resolve({
      secret: { apiVersion: "v1", kind: "Secret", metadata: { name } },
      links: [{ apiVersion, kind: "Link", metadata: { name }, spec: { endpoints: [] } }],
    }),
};

async function generate(site: Partial<Site>, request = {}, abilities = { linkMaker }) {
  const platform: PlatformWithAbilities = { ...memoryPlatform("west"), ...abilities };
  await platform.apply<"Site">(
    { apiVersion, kind: "Site", metadata: { name: "west" }, ...site },
    signal,
  );
  return await generateLink(platform, request, startDeadline(0, signal), () => {});
}

const open = { spec: { linkAccess: "default" } };
const resolved = { ...open, status: { endpoints: [{ name: "edge", host: "h", port: "1" }] } };

test("generateLink() makes up a name, and takes one and a cost", async () => {
  const { secret, links } = await generate(resolved);
  assert.match(secret.metadata.name, /^west-[a-z0-9]{5}$/);
  assert.equal(links[0]!.metadata.name, secret.metadata.name);
  const named = await generate(resolved, { name: "north", cost: 5 });
  assert.equal(named.secret.metadata.name, "north");
  assert.deepEqual(named.links.map(({ spec }) => spec), [{ endpoints: [], cost: 5 }]);
});

test("generateLink() says why there is no link to be had", async () => {
  const wrong: [Partial<Site>, string][] = [
    [{ spec: {} }, "link-access-disabled"],
    [{ spec: { ...open.spec, edge: true } }, "site-edge"],
    [open, "timed-out"],
  ];
  for (const [site, code] of wrong) {
    await assert.rejects(generate(site), (error) => isAppError(error) && error.code === code);
  }
  const nothing = {} as { linkMaker: LinkMaker };
  await assert.rejects(
    generate(resolved, {}, nothing),
    (error) => isAppError(error, "platform-unsupported"),
  );
});
