import assert from "node:assert/strict";
import { test } from "node:test";
import { networkOfSite } from "../network_map.ts";
import type { NetworkMap } from "../network_map.ts";
import { layOut } from "./layout.ts";
import { drawMermaid } from "./mermaid.ts";
import { drawSvg } from "./svg.ts";
import { drawTree } from "./tree.ts";

const map: NetworkMap = {
  sites: [
    { key: "e", name: "east", platform: "linux", version: "2.2.1", here: true },
    { key: "w", name: "west" },
    { key: "n", name: "north", answered: false },
    { key: "a", name: "apart" },
  ],
  links: [
    { name: "east-west", from: "e", to: "w", state: "operational", cost: 7 },
    { name: "north-west", from: "n", to: "w", state: "operational" },
    { name: "west-east", from: "w", to: "e", state: "operational", cost: 1 },
    { name: "lost", from: "e", state: "down", cost: 1, address: "h:1", message: "unexpected eof" },
  ],
};

test("a tree begins at the site that was asked, and has each link once", () => {
  assert.equal(
    drawTree(map),
    `east (linux 2.2.1, this site)
├─▶ west  link east-west, cost 7
│  └◀─ north (its router does not answer)  link north-west
├◀─ west  link west-east, cost 1
└✗─ h:1  link lost, cost 1: down, the remote router ended the connection
apart`,
  );
});

test("a chart of Mermaid names each site and link", () => {
  const chart = drawMermaid(map);
  assert.match(chart, /^flowchart LR\n {2}s0\["east<br\/>linux 2\.2\.1"\]:::here\n/);
  assert.match(chart, /^ {2}s0 -->\|"east-west, cost 7"\| s1$/m);
  assert.match(chart, /^ {2}s0 -\.->\|"lost, cost 1, down"\| n3$/m);
});

test("a picture holds each site and link, none over another", () => {
  const { boxes, width, height } = layOut(map);
  assert.equal(boxes.size, 5);
  const centres = [...boxes.values()].map(({ centre }) => `${centre.x} ${centre.y}`);
  assert.equal(new Set(centres).size, 5);
  for (const { centre } of boxes.values()) {
    assert.ok(centre.x > 0 && centre.x < width && centre.y > 0 && centre.y < height);
  }
  const svg = drawSvg(map);
  assert.match(svg, /prefers-color-scheme:dark/);
  assert.equal(svg.match(/<rect class="site/g)?.length, 5);
  assert.equal(svg.match(/marker-end/g)?.length, 4);
});

test("names that are markup or code of a chart are text", () => {
  const name = '<script>"]; click s0 href\u001b[2J\u202e\uffff\ud800';
  const hostile: NetworkMap = {
    sites: [{ key: "x", name, here: true }],
    links: [{ name, from: "x", state: "down", address: name }],
  };
  for (const drawing of [drawSvg(hostile), drawMermaid(hostile)]) {
    assert.doesNotMatch(drawing, /<script|"\]; click|[^\P{C}\n]|[\uFFFE\uFFFF]/u);
  }
});

test("an empty network, and one of two hundred sites, can be drawn", () => {
  assert.match(drawSvg({ sites: [], links: [] }), /<svg/);
  const sites = Array.from({ length: 200 }, (_, index) => ({ key: `${index}`, name: `s${index}` }));
  const links = sites.slice(1).map(({ key }, index) => ({
    name: key,
    from: key,
    to: String(index),
    state: "operational" as const,
  }));
  assert.equal(drawTree({ sites, links }).split("\n").length, 200);
  assert.equal(drawSvg({ sites, links }).match(/<rect class="site/g)?.length, 200);
});

test("the network of a cluster is what the controller keeps in the Site's status", () => {
  const { sites, links } = networkOfSite({
    apiVersion: "skupper.io/v2alpha1",
    kind: "Site",
    metadata: { name: "west", namespace: "ns", uid: "1" },
    status: {
      network: [
        { id: "1", name: "west", namespace: "ns", platform: "kubernetes" },
        {
          id: "2",
          name: "east",
          links: [{ name: "l", remoteSiteId: "1", operational: true }, {
            name: "m",
            remoteSiteId: "3",
            operational: false,
          }],
        },
      ],
    },
  });
  assert.deepEqual(sites.map(({ name, here, answered }) => [name, here, answered]), [
    ["west", true, undefined],
    ["east", undefined, undefined],
    ["3", undefined, false],
  ]);
  assert.deepEqual(links.map(({ from, to, state }) => [from, to, state]), [
    ["2", "1", "operational"],
    ["2", "3", "down"],
  ]);
});
