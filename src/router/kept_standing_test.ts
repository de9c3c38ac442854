import assert from "node:assert/strict";
import { test } from "node:test";
import type { Site } from "../resources/site.ts";
import { keptStanding } from "./kept_standing.ts";

function siteWith(status: NonNullable<Site["status"]>): Site {
  const metadata = { name: "west", namespace: "ns", uid: "1" };
  return { apiVersion: "skupper.io/v2alpha1", kind: "Site", metadata, status };
}

const running = {
  type: "Running",
  status: "True",
  reason: "Ready",
  message: "OK",
  lastTransitionTime: "2026-01-02T03:04:05Z",
} as const;

test("a site's standing is what the controller keeps: its links, and who is linked with it", () => {
  const site = siteWith({
    conditions: [running],
    network: [
      {
        id: "1",
        name: "west",
        links: [
          { name: "up", remoteSiteId: "2", remoteSiteName: "east", operational: true },
          { name: "gone", operational: false },
        ],
      },
      { id: "2", name: "east" },
      { id: "3", name: "south", links: [{ name: "s", remoteSiteId: "1", operational: true }] },
      { id: "4", name: "north", links: [{ name: "n", remoteSiteId: "1", operational: false }] },
      { id: "5", name: "far", links: [{ name: "f", remoteSiteId: "3", operational: true }] },
    ],
  });
  assert.deepEqual(keptStanding(site), {
    kept: true,
    running: true,
    state: "running",
    links: [
      { name: "up", state: "operational", remoteSite: { name: "east", id: "2" } },
      { name: "gone", state: "down" },
    ],
    remoteSites: [{ name: "east", id: "2" }, { name: "south", id: "3" }],
  });
});

test("of a router that no controller tells of nothing is told", () => {
  assert.equal(keptStanding(siteWith({})), undefined);
  const { running: runs, state, why } = keptStanding(siteWith({ network: [{ id: "1" }] }))!;
  assert.deepEqual([runs, state], [false, "unknown"]);
  assert.equal(why, "no controller says whether one runs");
  const stopped = siteWith({ conditions: [{ ...running, status: "False" }] });
  assert.equal(keptStanding(stopped)?.state, "stopped");
});
