import assert from "node:assert/strict";
import { test } from "node:test";
import type { LinkState } from "./link_state.ts";
import { linkWords, remoteSiteWords } from "./router_words.ts";

const refused = "Connection to west:55671 failed: proton:io Connection refused - disconnected";

const links: [LinkState, string][] = [
  [
    {
      state: "operational",
      since: "2026-01-01T00:00:00Z",
      cost: 7,
      remoteSite: { name: "west", id: "3bcf", router: "west-1" },
      connections: 3,
    },
    "operational since 2026-01-01T00:00:00Z, cost 7, to west (3bcf), 3 connections",
  ],
  [{ state: "operational", cost: 1, connections: 1 }, "operational, cost 1, 1 connection"],
  [{ state: "down", cost: 1 }, "not operational, cost 1"],
  [
    { state: "down", cost: 1, message: refused, fault: "connection-refused" },
    "not operational: nothing accepts links at the remote site's address, cost 1",
  ],
  [
    { state: "down", cost: 1, message: "no idea", fault: "other" },
    "not operational: no idea, cost 1",
  ],
  [{ state: "absent" }, "not taken up by the router yet"],
  [{ state: "unknown", message: "it does not answer" }, "not known: it does not answer"],
  [{ state: "deleted", cost: 1 }, "deleted, cost 1"],
];

for (const [link, words] of links) {
  test(`a link is told as "${words}"`, () => assert.equal(linkWords(link), words));
}

test("a site that is linked is told with what is known of it", () => {
  const site = { name: "west", router: "west-1", connections: 1 };
  assert.equal(remoteSiteWords(site), "west, 1 connection");
  assert.equal(
    remoteSiteWords({ ...site, id: "3bcf", connections: 3, since: "2026-01-01T00:00:00Z" }),
    "west (3bcf), 3 connections since 2026-01-01T00:00:00Z",
  );
});
