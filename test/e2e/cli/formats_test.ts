import assert from "node:assert/strict";
import { test } from "node:test";
import { shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

let grant = "";
const shared = shareSandbox(async (sandbox) => {
  await prepareSites(sandbox, "east");
  grant = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "3");
  await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
});

/** Commands that change nothing, a template, and what it and -o name print; G is the grant. */
const printed: [line: string, template: string, filled: string, names: string][] = [
  ["site status -n west", "{.metadata.name} {.platform}", "west linux", "site.skupper.io/west"],
  ["site generate north", "{.kind}", "Site", "site.skupper.io/north"],
  ["grant list -n west", "{.items[*].redemptions}", "1", "accessgrant.skupper.io/G"],
  ["grant list -n east", "{.items[*].name}", "", ""],
  ["grant status G -n west", "{.spec.redemptionsAllowed}", "3", "accessgrant.skupper.io/G"],
  ["token inspect t.yaml", "{.site} {.redemptionsAllowed}", "west 3", "accesstoken.skupper.io/G"],
  ["token status -n west", "{.items}", "[]", ""],
  ["link status -n east", "{.items[*].kind}", "Link", "link.skupper.io/G"],
  ["link status G -n east", "{.kind}", "Link", "link.skupper.io/G"],
  ["link status link/G -n east", "{.kind}", "Link", "link.skupper.io/G"],
  [
    "link generate made -n west",
    '{range .items[*]}{.kind}{"\\n"}{end}',
    "Secret\nLink",
    "secret/made\nlink.skupper.io/made",
  ],
];

test(
  "-o jsonpath and -o name print of a result what is asked for, and nothing else",
  shared.use(async (sandbox) => {
    for (const [line, template, filled, names] of printed) {
      const words = line.split(" ").map((word) => word.replace(/\bG$/, grant));
      const found = await sandbox.succeed([...words, "-o", `jsonpath=${template}`], {
        printsToken: true,
      });
      assert.equal(found.stdout, filled === "" ? "" : `${filled}\n`, line);
      const named = await sandbox.succeed([...words, "-o", "name"]);
      const wanted = names.replaceAll("G", grant);
      assert.equal(named.stdout, wanted === "" ? "" : `${wanted}\n`, line);
    }
  }),
);

test(
  "what -o name prints names things to other commands",
  shared.use(async (sandbox) => {
    const issued = await sandbox.succeed(["token", "issue", "u.yaml", "-n", "west", "-o", "name"]);
    const name = issued.stdout.trim();
    assert.match(name, /^accessgrant\.skupper\.io\/west-\w{5}$/);
    const again = ["token", "issue", "v.yaml", "-n", "west", "--grant", name, "-o", "name"];
    assert.equal((await sandbox.succeed(again)).stdout.trim(), name);
    const redeemed = await sandbox.succeed(["token", "redeem", "u.yaml", "-n", "east", "-oname"]);
    const link = redeemed.stdout.trim();
    const updated = ["link", "update", link, "--cost", "5", "-n", "east", "--output=name"];
    assert.equal((await sandbox.succeed(updated)).stdout.trim(), link);
    const deleted = await sandbox.succeed(["link", "delete", link, "-n", "east", "-o", "name"]);
    assert.equal(deleted.stdout.trim(), link);
    const revoked = await sandbox.succeed(["grant", "revoke", name, "-n", "west", "-o", "name"]);
    assert.equal(revoked.stdout.trim(), name);
    assertRefused(
      await sandbox.hawser(["link", "status", name, "-n", "east"]),
      2,
      `error: Invalid value "${name}" for the name: it must be the name of a Link, such as ` +
        "link.skupper.io/west",
    );
  }),
);

test(
  "-o wide shows more of a list, and of what has no more the same",
  shared.use(async (sandbox) => {
    const grants = await sandbox.succeed(["grant", "list", "-n", "west", "-o", "wide"]);
    assert.match(grants.stdout, /^NAME +STATUS +REDEMPTIONS +EXPIRES +URL +MESSAGE\n/);
    assert.match(grants.stdout, / 1\/3 +\d{4}-\d\d-\d\dT[\d:.]+Z +https:\/\/127\.0\.0\.1:\d+\//);
    const links = await sandbox.succeed(["link", "status", "-n", "east", "-o", "wide"]);
    assert.match(links.stdout, /^NAME +STATUS +COST +ENDPOINTS +REMOTE SITE +SINCE +MESSAGE\n/);
    assert.match(links.stdout, / 127\.0\.0\.1:\d+,127\.0\.0\.1:\d+ /);
    const site = await sandbox.succeed(["site", "status", "-n", "west"]);
    const wide = await sandbox.succeed(["site", "status", "-n", "west", "-o", "wide"]);
    assert.equal(wide.stdout, site.stdout);
  }),
);

test(
  "--quiet prints nothing for people, and keeps data, what is made for others, and errors",
  shared.use(async (sandbox) => {
    for (
      const line of [
        "site status -n west",
        "-q link status -n east",
        "token inspect t.yaml -q",
        "audit show -q",
        "audit verify -q",
      ]
    ) {
      const words = line.split(" ");
      const quiet = words.includes("-q") ? words : [...words, "--quiet"];
      const { stdout, stderr } = await sandbox.succeed(quiet);
      assert.equal(stdout + stderr, "", line);
    }
    const issued = await sandbox.succeed(["token", "issue", "q.yaml", "-n", "west", "-q"]);
    assert.equal(issued.stdout + issued.stderr, "");
    const redeemed = await sandbox.succeed(["token", "redeem", "-q", "q.yaml", "-n", "east"]);
    assert.equal(redeemed.stdout + redeemed.stderr, "");
    const data = await sandbox.succeed(["site", "status", "-n", "west", "-q", "-o", "name"]);
    assert.equal(data.stdout, "site.skupper.io/west\n");
    const token = await sandbox.succeed(["token", "issue", "-", "-n", "west", "-q"], {
      printsToken: true,
    });
    assert.match(token.stdout, /^apiVersion: skupper\.io\/v2alpha1\nkind: AccessToken\n/);
    const failed = await sandbox.hawser(["link", "status", "no", "-n", "east", "-q"]);
    assert.equal(failed.code, 6);
    assert.match(failed.stderr, /^error: /);
  }),
);

test(
  "a format that a command does not have, and a template that is none, exit 2 before anything",
  shared.use(async (sandbox) => {
    const before = (await sandbox.succeed(["grant", "list", "-n", "west", "-o", "name"])).stdout;
    const refused: [string[], string][] = [
      [
        ["version", "-o", "name"],
        'Invalid value "name" for --output: it must be one of text, json, yaml, jsonpath=<template>',
      ],
      [
        ["help", "exit-codes", "-o", "name"],
        'Invalid value "name" for --output: it must be text, json or yaml of the exit codes',
      ],
      [
        ["-o", "name", "version"],
        'Invalid value "name" for --output: it must be one of text, json, yaml, jsonpath=<template>',
      ],
      [
        ["token", "issue", "w.yaml", "-n", "west", "-o", "jsonpath={.grant"],
        'Invalid value "jsonpath={.grant" for --output: it must be a template with a } at its end',
      ],
      [
        ["link", "status", "-n", "east", "--watch", "-o", "name"],
        'Invalid value "name" for --output: it must be text, json, yaml or jsonpath=<template> ' +
        "with --watch",
      ],
    ];
    for (const [args, message] of refused) {
      assertRefused(await sandbox.hawser(args), 2, `error: ${message}`);
    }
    const after = await sandbox.succeed(["grant", "list", "-n", "west", "-o", "name"]);
    assert.equal(after.stdout, before);
  }),
);

test("nothing leaked", shared.end);
