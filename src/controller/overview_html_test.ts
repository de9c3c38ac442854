import assert from "node:assert/strict";
import { test } from "node:test";
import type { PageFacts } from "./overview_facts.ts";
import { pagePolicy, renderPage } from "./overview_html.ts";

const now = Date.parse("2026-11-22T12:00:00Z");

const quiet: PageFacts = {
  namespaces: [{
    namespace: "west",
    sites: [{ name: "west", status: "Ready", message: "" }],
    grants: [{
      name: "g",
      status: "Ready",
      message: "",
      redemptions: 1,
      redemptionsAllowed: 3,
      expirationTime: "2026-11-22T12:15:00Z",
    }],
    links: [],
    tokens: [],
  }],
  more: 0,
  grantUrl: "https://192.0.2.1:9090",
  clock: undefined,
  certificate: undefined,
  damagedLedgers: 0,
  recent: [{ event: "redeemed", namespace: "west", grant: "g", timeMs: now - 5000 }],
};

test("the page shows sites, grants and the last events, and says that all is well", () => {
  const page = renderPage(quiet, now);
  assert.match(page, /<p class="good">All is well\.<\/p>/);
  assert.match(page, /<td>1 of 3<\/td><td><time datetime="2026-11-22T12:15:00Z".*>in 15m</);
  assert.match(
    page,
    /5s ago<\/time><\/td><td><span class="good">redeemed<\/span><\/td><td>west\/g</,
  );
});

test("the page says first what is wrong, then what is pending", () => {
  const [west] = quiet.namespaces;
  const links = [{ name: "l", status: "Pending", message: "Not operational" }];
  const pending = renderPage({ ...quiet, namespaces: [{ ...west!, links }] }, now);
  assert.match(pending, /Nothing is wrong\. Pending: 1 link\./);
  const tokens = [{ name: "t", status: "Error", message: "used up" }];
  const wrong = { ...west!, tokens, problem: "forbidden" };
  const page = renderPage(
    { ...quiet, namespaces: [wrong], clock: "it is 2 days ahead", damagedLedgers: 1, more: 7 },
    now,
  );
  for (
    const line of [
      "<title>hawser: 4 to look at</title>",
      "<li>The clock looks wrong: it is 2 days ahead</li>",
      "<li>1 access grants are closed because their ledgers are damaged</li>",
      "<li>Namespace west can&#39;t be read: forbidden</li>",
      "<li>Access token t in west: used up</li>",
      "There are 7 more namespaces.",
    ]
  ) assert.ok(page.includes(line), line);
});

test("whatever comes from outside is text on the page", () => {
  const evil = `"><script>alert(1)</script><img src=x onerror='x'>&\u202e\u0000`;
  const page = renderPage({
    ...quiet,
    namespaces: [{
      namespace: evil,
      sites: [{ name: evil, status: evil, message: evil }],
      grants: [{ ...quiet.namespaces[0]!.grants[0]!, name: evil, message: evil, status: "Error" }],
      links: [{ name: evil, status: evil, message: evil }],
      tokens: [{ name: evil, status: evil, message: evil }],
      problem: evil,
    }],
    grantUrl: evil,
    clock: evil,
    recent: [{
      ...{ event: "refused", namespace: evil, grant: evil, name: evil, address: evil },
      ...{ reason: evil, timeMs: now },
    }],
  }, now);
  assert.doesNotMatch(page, /<script|<img|[\p{Cf}']/u);
  const tags = new Set(Array.from(page.matchAll(/<([a-z0-9]+)/g), ([, name]) => name));
  assert.deepEqual([...tags].filter((tag) => ["script", "img"].includes(tag!)), []);
  assert.match(pagePolicy, /^default-src 'none'; .*style-src 'sha256-[^']+'$/);
});
