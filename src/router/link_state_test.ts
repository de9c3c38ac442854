import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entity } from "./entity.ts";
import { linkFault } from "./link_fault.ts";
import { linkStates } from "./link_state.ts";
import { siteNameOf } from "./router_site.ts";

const nowMs = Date.parse("2026-01-01T00:01:00Z");

/** As skupper-router 3.5.1 tells a link that is up, and its connections. */
const connector: Entity = {
  name: "link-west",
  host: "localhost",
  port: "55671",
  role: "inter-router",
  cost: 7,
  sslProfile: "link-west-profile",
  connectionStatus: "SUCCESS",
  connectionMsg: "[C3] Connection Opened: dir=out host=localhost:55671 encrypted=TLSv1.3 " +
    "auth=EXTERNAL user=(null) container_id=west-1795854876-359",
};
const connection = (identity: string, role: string): Entity => ({
  identity,
  role,
  host: "localhost:55671",
  dir: "out",
  container: "west-1795854876-359",
  uptimeSeconds: 60,
  groupCorrelationId: "0ZRgONWbVnoOgz1",
});
const connections = [
  connection("1", "inter-router-data"),
  connection("2", "inter-router-data"),
  connection("3", "inter-router"),
  { ...connection("9", "normal"), dir: "in", container: "hawser", groupCorrelationId: "" },
];

test("a link that is up has since, cost, remote site and connections", () => {
  const sites = [{ router: "west-1795854876-359", name: "west", id: "3bcf0969" }];
  assert.deepEqual(linkStates([connector], connections, sites, nowMs).get("link-west"), {
    state: "operational",
    cost: 7,
    since: "2026-01-01T00:00:00Z",
    remoteSite: { name: "west", id: "3bcf0969", router: "west-1795854876-359" },
    connections: 3,
  });
});

test("a link that is down has the router's words, and what kind of fault they tell of", () => {
  const message = "Connection to localhost:55671 failed: amqp:connection:framing-error SSL " +
    "Failure: error:0A000418:SSL routines::tlsv1 alert unknown ca";
  const down = { ...connector, connectionStatus: "CONNECTING", connectionMsg: message };
  assert.deepEqual(linkStates([down], [], [], nowMs).get("link-west"), {
    state: "down",
    cost: 7,
    message,
    fault: "certificate-refused",
  });
});

test("connectors that are no links, and attributes of other types, say nothing of links", () => {
  const local = { ...connector, name: "local", role: "normal" };
  assert.equal(linkStates([local], connections, [], nowMs).size, 0);
  const odd = { ...connector, cost: "7", connectionMsg: { a: 1 }, connectionStatus: 5 };
  assert.deepEqual(linkStates([odd], connections, [], nowMs).get("link-west"), { state: "down" });
  const strange = connections.map((each) => ({ ...each, uptimeSeconds: 1e300, container: 7 }));
  assert.deepEqual(linkStates([connector], strange, [], nowMs).get("link-west"), {
    state: "operational",
    cost: 7,
    connections: 3,
  });
});

for (
  const [words, fault] of [
    ["proton:io Connection refused - disconnected localhost:1", "connection-refused"],
    ["proton:io Name or service not known - connect to  nosuch.invalid:46059", "name-unknown"],
    ["SSL Failure: error:0A000086:SSL routines::certificate verify failed", "server-not-trusted"],
    ["SSL Failure: error:0A000126:SSL routines::unexpected eof while reading", "closed"],
    ["proton:io No route to host - disconnected 192.0.2.1:55671", "unreachable"],
    ["something that no router has said yet", "other"],
  ] as const
) {
  test(`"${words}" tells of ${fault}`, () => assert.equal(linkFault(words), fault));
}

test("a site's name is found in what upstream calls its routers", () => {
  assert.equal(siteNameOf("west-1795854876-359"), "west");
  assert.equal(siteNameOf("my-site-2-1795854876-359123456"), "my-site-2");
  assert.equal(siteNameOf("west-skupper-router-5d4f9c7b8-x2x9z"), "west");
  assert.equal(siteNameOf("anything"), "anything");
});
