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
  ["wait site/west --for=condition=Ready -n west", "site.skupper.io/west is ready."],
  ["wait --for=condition=Configured=True site/west -n west", "site.skupper.io/west is configured."],
  ["wait --for=create site/west -n west", "site.skupper.io/west is created."],
  ["wait --for=delete link/no -n east", "link.skupper.io/no is deleted."],
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

test(
  "wait ends at once where only a change helps, and goes on where what is missing may come",
  shared.use(async (sandbox) => {
    const resources = (namespace: string, name: string) =>
      `data/namespaces/${namespace}/input/resources/${name}.yaml`;
    const write = (file: string, kind: string, name: string, spec: string) =>
      sandbox.write(
        file,
        `apiVersion: skupper.io/v2alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec: ${spec}\n`,
      );
    write(resources("west", "AccessGrant-bad"), "AccessGrant", "bad", "{expirationWindow: soon}");
    write(
      resources("east", "Link-nowhere"),
      "Link",
      "nowhere",
      "{endpoints: [], tlsCredentials: no}",
    );
    write(
      resources("east", "Link-early"),
      "Link",
      "early",
      "{endpoints: [{name: inter-router, host: west, port: '1'}], tlsCredentials: late}",
    );
    const spent = sandbox.read("t.yaml").replace(/^ {2}name: .*$/m, "  name: spent");
    sandbox.write(resources("east", "AccessToken-spent"), spent);
    const over = '{url: "https://127.0.0.1:1/x", code: "", ca: ""}';
    write(resources("east", "AccessToken-over"), "AccessToken", "over", over);
    const refused: [words: string, code: number, error: string, ...more: string[]][] = [
      [
        "wait grant bad -n west",
        1,
        'error: Access grant "bad" is in status Error: Invalid duration "soon"[WILDCARD]',
      ],
      [
        `wait grant ${grant} --for ready -n west`,
        5,
        `error: Access grant "${grant}" has no redemptions left of 1`,
        "hint: A token without --grant gets a new one: hawser token issue <file> -n west",
      ],
      [
        "wait link nowhere -n east",
        1,
        'error: Link "nowhere" is in status Error: The link has no endpoints',
        "hint: hawser link status nowhere -n east",
      ],
      [
        "link status nowhere --wait operational -n east",
        1,
        'error: Link "nowhere" is in status Error: The link has no endpoints',
        "hint: hawser link status nowhere -n east",
      ],
      [
        "link update nowhere --link-cost 3 --wait ready -n east",
        1,
        'error: Link "nowhere" is in status Error: The link has no endpoints',
        'done: Link "nowhere" is stored as changed.',
        "hint: hawser link status nowhere -n east",
      ],
      [
        "wait token spent -n east",
        5,
        'error: Token "spent" is used up: its grant has no redemptions left',
        "hint: Ask for a new token, or one with more redemptions (--redemptions-allowed).",
      ],
      [
        "wait token over -n east",
        1,
        'error: Token "over" was not redeemed: [WILDCARD]spec.code is empty',
      ],
      [
        "wait link early --timeout 0 -n east",
        124,
        'error: Timed out [WILDCARD]: Error (Secret "late" does not exist)',
        "hint: To go on from here: hawser wait link early --for ready -n east",
      ],
    ];
    for (const [words, code, error, ...hint] of refused) {
      assertRefused(await sandbox.hawser(words.split(" ")), code, error, ...hint);
    }
    await sandbox.succeed(["wait", "grant", "bad", "--for", "error", "-n", "west"]);
    // the other link is tried all the same
    const checked = await sandbox.hawser(["link", "check", "-n", "east", "-o", "json"]);
    const found = JSON.parse(checked.stdout).find(({ link }: { link: string }) => link === "early");
    assert.deepEqual(found, {
      link: "early",
      endpoints: [],
      lacks: 'Secret "late" does not exist',
      platform: "linux",
      router: { state: "unknown", message: "no router runs for this site" },
    });
    assert.equal(checked.code, 6);
    const one = await sandbox.hawser(["link", "check", "early", "-n", "east"]);
    assert.equal(one.code, 6);
    assert.match(one.stdout, /^ {2}FAILED credentials: Secret "late" does not exist$/m);
    assert.match(
      one.stderr,
      /^hint: Put the Secret there \(hawser apply -f <file> -n east\), or make the link anew: hawser link delete early -n east, and redeem another token\.$/m,
    );
    await sandbox.succeed(["wait", "link", "early", "--for", "error", "-n", "east"]);
  }),
);

test("nothing leaked", shared.end);
