import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import type { Sandbox } from "../stage/harness.ts";
import { betweenRouters, type RoutedSite, untilLink } from "../stage/routed_sites.ts";
import { issueToken } from "../stage/sites.ts";

const east = ["-n", "east"];

/** What a router may call itself that wants to be taken for more than a name. */
const hostile =
  'w</text><script>x</script>"]; click s0\n└─▶ forged (this site)\u001b[2J\u202e\uffff&';

/** Has the router of a site call itself so. */
async function rename(site: RoutedSite, id: string): Promise<void> {
  const file = path.join(site.root, "runtime/router/skrouterd.json");
  const entities: [string, { id?: string }][] = JSON.parse(fs.readFileSync(file, "utf8"));
  for (const [type, attributes] of entities) if (type === "router") attributes.id = id;
  await site.stopRouter();
  fs.writeFileSync(file, JSON.stringify(entities));
  await site.startRouter();
}

async function show(sandbox: Sandbox, ...args: string[]): Promise<string> {
  return (await sandbox.succeed([...args, ...east])).stdout;
}

test(
  "what a remote router calls itself is a name everywhere, and nothing more",
  betweenRouters(async (sandbox, west) => {
    const name = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", ...east, "--wait", "ready"]);
    await rename(west, hostile);
    const { router } = await untilLink(sandbox, "east", "operational");
    assert.equal(router.remoteSite?.router, hostile);

    const tree = await show(sandbox, "network");
    assert.equal(tree.trimEnd().split("\n").length, 2, tree);
    const texts = [
      tree,
      await show(sandbox, "link", "status", name),
      await show(sandbox, "link", "status", "-o", "wide"),
      await show(sandbox, "link", "check"),
      await show(sandbox, "site", "status"),
      await show(sandbox, "site", "status", "--watch", "--timeout", "0"),
    ];
    for (const text of texts) {
      assert.doesNotMatch(text, /^\W*forged|[^\P{Cc}\n]|\p{Cf}/mu);
      assert.match(text, /click s0\\n/);
    }

    const svg = await show(sandbox, "network", "-o", "svg");
    assert.doesNotMatch(svg, /<script|[^\P{Cc}\n]|\p{Cf}|[\uFFFE\uFFFF]/u);
    // each element is closed, and what is between them is no markup
    assert.equal(svg.match(/<text /g)?.length, svg.match(/<\/text>/g)?.length);
    assert.doesNotMatch(svg.replaceAll(/<[^<>]*>/g, ""), /[<>]|&(?!#\d+;)/);
    const chart = await show(sandbox, "network", "-o", "mermaid");
    assert.doesNotMatch(chart, /<script|"\]; click|^\W*forged/m);
    const map = JSON.parse(await show(sandbox, "network", "-o", "json"));
    assert.equal(map.sites.length, 2);
  }),
);
