import assert from "node:assert/strict";
import { test } from "node:test";
import { shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

let grant = "";
const shared = shareSandbox(async (sandbox) => {
  await prepareSites(sandbox, "east");
  grant = await issueToken(sandbox, "t.yaml");
});

/** What is in its state already; G is the grant, and the link that is made of it. */
const reached: [line: string, printed: string][] = [
  ["wait site -n west", "site.skupper.io/west is ready."],
  ["wait site west --for configured -n west", "site.skupper.io/west is configured."],
  ["wait site/west --for Ready -n west", "site.skupper.io/west is ready."],
  ["wait grant G -n west", "accessgrant.skupper.io/G is ready."],
  ["wait accessgrant.skupper.io/G --for created -n west", "accessgrant.skupper.io/G is created."],
  ["wait link east --for deleted -n east", "link.skupper.io/east is deleted."],
  ["wait link/G --for pending -n east", "link.skupper.io/G is pending."],
  ["wait grant G --for used-up -n west", "accessgrant.skupper.io/G is used-up."],
  ["wait grant G --for 'Used up' -n west", "accessgrant.skupper.io/G is used-up."],
];

test(
  "wait ends with 0 where it is so already",
  shared.use(async (sandbox) => {
    for (const [line, printed] of reached) {
      if (line.startsWith("wait link/G")) {
        await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
      }
      const args = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) =>
        (quoted ?? word).replace(/\bG$/, grant)
      );
      const { stdout, stderr } = await sandbox.succeed(args);
      assert.equal(stdout, `${printed.replace("/G", `/${grant}`)}\n`);
      assert.equal(stderr, "", line);
    }
    const data = await sandbox.succeed(["wait", "site", "-n", "west", "-o", "json"]);
    assert.deepEqual(JSON.parse(data.stdout), {
      kind: "Site",
      name: "west",
      state: "ready",
      status: "Ready",
      platform: "linux",
    });
  }),
);

test(
  "wait ends with 124 and the last state, with 6 where there is nothing, with 2 for a wrong word",
  shared.use(async (sandbox) => {
    assertRefused(
      await sandbox.hawser(["wait", "link", grant, "-n", "east", "--timeout", "0"]),
      124,
      `error: Timed out after 0s waiting for link "${grant}" to be ready: Pending [WILDCARD]`,
      `hint: To go on from here: hawser wait link ${grant} --for ready -n east`,
    );
    assertRefused(
      await sandbox.hawser(["wait", "link", "no", "-n", "east"]),
      6,
      'error: Link "no" does not exist in namespace "east"',
      "hint: hawser link status -n east",
    );
    assertRefused(
      await sandbox.hawser(["wait", "site", "--for", "redeemed", "-n", "east"]),
      2,
      'error: Invalid value "redeemed" for --for: it must be for a site one of configured, running, ' +
        "ready, pending, error, created, deleted",
    );
    assertRefused(
      await sandbox.hawser(["wait", "link", "-n", "east"]),
      2,
      "error: Name the link",
      "hint: hawser wait --help",
    );
    assertRefused(
      await sandbox.hawser(["wait", "link/a", "b", "-n", "east"]),
      2,
      "error: The link is named twice",
      "hint: hawser wait --help",
    );
    assertRefused(
      await sandbox.hawser(["wait", "listener", "x", "-n", "east"]),
      2,
      'error: Invalid value "listener" for the resource: it must be one of site, link, grant, token',
    );
  }),
);

test(
  "wait sees what comes, goes, is redeemed, and ends",
  shared.use(async (sandbox) => {
    const brief = await issueToken(sandbox, "brief.yaml", "--expiration-window", "2s");
    const waits = {
      created: sandbox.start(["wait", "token", "made", "--for", "created", "-n", "east"]),
      redeemed: sandbox.start(["wait", "token", "made", "--for", "created", "-n", "east", "-q"]),
      deleted: sandbox.start(["wait", "link", grant, "--for", "deleted", "-n", "east"]),
      expired: sandbox.start(["wait", "grant", brief, "--for", "expired", "-n", "west"]),
    };
    await issueToken(sandbox, "made.yaml");
    const token = sandbox.read("made.yaml").replace(/^ {2}name: .*$/m, "  name: made");
    sandbox.write("data/namespaces/east/input/resources/AccessToken-made.yaml", token);
    assert.equal((await waits.created.ended).stdout, "accesstoken.skupper.io/made is created.\n");
    assert.equal((await waits.redeemed.ended).stdout, "");
    const made = ["wait", "token", "made", "-n", "east"];
    assert.equal(
      (await sandbox.succeed(made)).stdout,
      "accesstoken.skupper.io/made is redeemed.\n",
    );
    await sandbox.succeed(["link", "delete", grant, "-n", "east"]);
    assert.equal((await waits.deleted.ended).stdout, `link.skupper.io/${grant} is deleted.\n`);
    assert.equal(
      (await waits.expired.ended).stdout,
      `accessgrant.skupper.io/${brief} is expired.\n`,
    );
  }),
);

test("nothing leaked", shared.end);
