import assert from "node:assert/strict";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { inSandbox, shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";

const shared = shareSandbox(async () => {});

const duration = "such as 90s, 15m or 1h30m";
const label =
  "at most 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit";
const subdomain =
  "at most 253 lower-case letters, digits, dashes and dots, each part beginning and ending with a letter or digit";

/** Command lines that are refused with exit code 2 before anything is done, and what is said. */
const refused: [string, ...string[]][] = [
  [
    "token issue t.yaml --timeout -1",
    `error: Invalid value "-1" for --timeout: it must be a duration of 0 or more, ${duration}`,
  ],
  [
    "token redeem t.yaml --timeout=-1",
    `error: Invalid value "-1" for --timeout: it must be a duration of 0 or more, ${duration}`,
  ],
  [
    "token issue t.yaml --timeout abc",
    `error: Invalid value "abc" for --timeout: it must be a duration of 0 or more, ${duration}`,
  ],
  [
    "token issue t.yaml --redemptions-allowed 0",
    'error: Invalid value "0" for --redemptions-allowed: it must be a whole number from 1 to 2147483647',
  ],
  [
    "token issue t.yaml --grant g --redemptions-allowed 50",
    'error: Option "--grant <name>" cannot be used with option "-r, --redemptions-allowed <integer>"',
    "hint: hawser token issue --help",
  ],
  [
    "token issue t.yaml --grant g --expiration-window 24h",
    'error: Option "--grant <name>" cannot be used with option "-e, --expiration-window <duration>"',
    "hint: hawser token issue --help",
  ],
  ["token list", 'error: Unknown command "list"', "hint: hawser token status"],
  ["site ls", 'error: Unknown command "ls"', "hint: hawser site status"],
  ["grant get", 'error: Unknown command "get"', "hint: hawser grant list"],
  [
    "token issue t.yaml --grant=",
    'error: Invalid value "" for --grant: it must be the name of an access grant',
  ],
  [
    "token redeem t.yaml --link-cost 3 --cost 4",
    'error: Option "--cost <integer>" cannot be used with option "--link-cost <integer>"',
    "hint: hawser token redeem --help",
  ],
  [
    "token issue t.yaml --redemptions-allowed 1.5",
    'error: Invalid value "1.5" for --redemptions-allowed: it must be a whole number from 1 to 2147483647',
  ],
  [
    "token issue t.yaml --expiration-window 0",
    `error: Invalid value "0" for --expiration-window: it must be a duration from 1s to 2562047h, ${duration}`,
  ],
  [
    "token issue t.yaml --expiration-window 999ms",
    `error: Invalid value "999ms" for --expiration-window: it must be a duration from 1s to 2562047h, ${duration}`,
  ],
  [
    "token issue t.yaml --expiration-window 2562048h",
    `error: Invalid value "2562048h" for --expiration-window: it must be a duration from 1s to 2562047h, ${duration}`,
  ],
  [
    "token issue t.yaml --expiration-window -5m",
    `error: Invalid value "-5m" for --expiration-window: it must be a duration from 1s to 2562047h, ${duration}`,
  ],
  [
    "token issue t.yaml --link-cost 70000",
    'error: Invalid value "70000" for --link-cost: it must be a whole number from 1 to 65535',
  ],
  [
    "token redeem t.yaml --link-cost 0",
    'error: Invalid value "0" for --link-cost: it must be a whole number from 1 to 65535',
  ],
  [
    "token redeem t.yaml --cost x",
    'error: Invalid value "x" for --cost: it must be a whole number from 1 to 65535',
  ],
  [
    "token redeem t.yaml --wait active",
    'error: Invalid value "active" for --wait: it must be one of redeemed, ready',
  ],
  [
    "site create west --wait=",
    'error: Invalid value "" for --wait: it must be one of none, configured, ready',
  ],
  [
    "site status -p mars",
    'error: Invalid value "mars" for --platform: it must be one of kubernetes, docker, podman, linux',
  ],
  [
    "site status -o xml",
    'error: Invalid value "xml" for --output: it must be one of text, json, yaml, name, jsonpath=<template>',
  ],
  [
    "controller start --grant-port 70000",
    'error: Invalid value "70000" for --grant-port: it must be a whole number from 1 to 65535',
  ],
  [
    "controller start --grant-host 0.0.0.0",
    'error: Invalid value "0.0.0.0" for --grant-host: it must be a host name or an IP address that remote sites can reach',
  ],
  [
    "site create west --link-host 0.0.0.0 --enable-link-access",
    'error: Invalid value "0.0.0.0" for --link-host: it must be a host name or an IP address that remote sites can reach',
  ],
  ["site create West", `error: Invalid value "West" for the site name: it must be ${subdomain}`],
  [
    "site create -- -west",
    `error: Invalid value "-west" for the site name: it must be ${subdomain}`,
  ],
  ["site create we.st", `error: Invalid value "we.st" for the site name: it must be ${label}`],
  ["site status -n We_st", `error: Invalid value "We_st" for the namespace: it must be ${label}`],
  ["site status -n ../x", `error: Invalid value "../x" for the namespace: it must be ${label}`],
  [
    "site create west --link-access-type route",
    "error: Option --link-access-type needs --enable-link-access",
    "hint: Add --enable-link-access.",
  ],
  [
    "site update --enable-link-access --disable-link-access",
    'error: Option "--disable-link-access" cannot be used with option "--enable-link-access"',
    "hint: hawser site update --help",
  ],
  [
    "site create west --enable-ha",
    'error: --enable-ha is an option of platform "kubernetes", and the platform in force is "linux"',
    "hint: Leave it out, or choose the platform with -p kubernetes.",
  ],
  [
    "site create west --enable-link-access --link-access-type loadbalancer",
    'error: --link-access-type is an option of platform "kubernetes", and the platform in force is "linux"',
    "hint: Leave it out, or choose the platform with -p kubernetes.",
  ],
  [
    "site status --context prod",
    'error: --context is an option of platform "kubernetes", and the platform in force is "linux"',
    "hint: Leave it out, or choose the platform with -p kubernetes.",
  ],
  [
    "site update --enable-ha=maybe",
    'error: Invalid value "maybe" for --enable-ha: it must be true or false',
  ],
  [
    "site update -n=west",
    "error: There is nothing to change",
    "hint: Add --enable-link-access, --disable-link-access, --link-host or --enable-ha.",
  ],
  [
    "token issue",
    'error: Missing required argument "file"',
    "hint: hawser token issue --help",
  ],
  [
    "token redeem a.yaml b.yaml",
    'error: Too many arguments for "redeem". Expected 1 argument but got 2',
    "hint: hawser token redeem --help",
  ],
  [
    "token issue t.yaml --grant",
    'error: Option "--grant <name>" argument missing',
    "hint: hawser token issue --help",
  ],
  ["tken", 'error: Unknown command "tken"', "hint: Did you mean token? See: hawser --help"],
  [
    "token redem t.yaml",
    'error: Unknown command "redem"',
    "hint: Did you mean redeem? See: hawser token --help",
  ],
  ["frobnicate", 'error: Unknown command "frobnicate"', "hint: hawser --help"],
  [
    "link status --timout 3s",
    'error: Unknown option "--timout"',
    "hint: Did you mean --timeout? See: hawser link status --help",
  ],
  ["help exit", 'error: Unknown help topic "exit"', "hint: hawser --help"],
  [
    "completion tcsh",
    'error: Invalid value "tcsh" for the shell: it must be one of bash, zsh, fish, powershell',
  ],
];

// a variable of a script that is not set
for (const command of ["issue", "redeem", "inspect"]) {
  refused.push([
    `token ${command} `,
    'error: Invalid value "" for the file: it must be the name of a file, or -',
  ]);
}

for (const [line, ...wanted] of refused) {
  test(
    `hawser ${line}`,
    shared.use(async (sandbox) => {
      assertRefused(await sandbox.hawser(line.split(" ")), 2, ...wanted);
      const inJson = await sandbox.hawser(["-o", "json", ...line.split(" ")]);
      if (!line.includes(" -o ")) assertErrorObject(inJson, wanted);
      assert.ok(!fs.existsSync(sandbox.dataHome));
    }),
  );
}

/** The same words as one JSON object on stderr, and nothing on stdout. */
function assertErrorObject(
  { code, stdout, stderr }: { code: number | null; stdout: string; stderr: string },
  [message, hint]: string[],
): void {
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(stderr.trimEnd().split("\n").length, 1);
  const { error } = JSON.parse(stderr);
  assert.deepEqual(Object.keys(error).filter((key) => key !== "hint"), [
    "code",
    "message",
    "retryable",
  ]);
  assert.equal(`error: ${error.message}`, message);
  assert.equal(error.hint, hint?.replace("hint: ", ""));
  assert.equal(error.retryable, false);
}

test(
  "SKUPPER_PLATFORM with a platform that there is not",
  shared.use(async (sandbox) => {
    assertRefused(
      await sandbox.hawser(["site", "status"], { env: { SKUPPER_PLATFORM: "mars" } }),
      2,
      'error: Invalid value "mars" for SKUPPER_PLATFORM: it must be one of kubernetes, docker, podman, linux',
    );
  }),
);

test(
  "a namespace without a site is told with what makes one, and none is made by asking",
  shared.use(async (sandbox) => {
    const cannot = (purpose: string, option = "") => [
      `error: Cannot ${purpose}: there is no site in namespace "nowhere"`,
      `hint: hawser site create nowhere${option} -n nowhere`,
    ];
    const table: [string, string[]][] = [
      ["site status", cannot("show the status of the site")],
      ["site update --enable-link-access", cannot("update the site")],
      ["site delete", cannot("delete the site")],
      ["token issue t.yaml", cannot("issue a token", " --enable-link-access")],
    ];
    for (const [line, wanted] of table) {
      assertRefused(await sandbox.hawser([...line.split(" "), "-n", "nowhere"]), 3, ...wanted);
    }
    const named: [string, string, string?][] = [
      // there is no site whose status could be asked for instead
      ["site status west", "Site"],
      ["link status west", "Link", "link status"],
      ["link check west", "Link", "link status"],
      ["link delete west", "Link", "link status"],
      ["grant revoke west", "AccessGrant", "grant list"],
    ];
    for (const [line, kind, list] of named) {
      assertRefused(
        await sandbox.hawser([...line.split(" "), "-n", "nowhere"]),
        6,
        `error: ${kind} "west" does not exist in namespace "nowhere"`,
        ...(list === undefined ? [] : [`hint: hawser ${list} -n nowhere`]),
      );
    }
    assert.ok(!fs.existsSync(sandbox.dataHome));
  }),
);

test(
  "a port that is in use is told with the option that chooses another",
  inSandbox(async (sandbox) => {
    const other = createServer().listen(0, "::");
    await once(other, "listening");
    const { port } = other.address() as { port: number }; // of a TCP server
    assertRefused(
      await sandbox.hawser(["controller", "run", "--grant-port", String(port)]),
      3,
      `[WILDCARD]error: Cannot listen on [WILDCARD] port ${port}: the port is in use`,
      "hint: Choose another port with --grant-port.",
    );
    other.close();
    assert.ok(!fs.existsSync(`${sandbox.dataHome}/hawser/.controller/state.json`));
  }),
);

test(
  "a second site in a namespace is refused, and the first one stays",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["site", "create", "west"]);
    const before = (await sandbox.succeed(["site", "status", "-o", "json"])).stdout;
    for (const name of ["west", "other"]) {
      assertRefused(
        await sandbox.hawser(["site", "create", name]),
        7,
        'error: A site already exists in namespace "default": "west"',
        name === "west"
          ? "hint: hawser site status"
          : "hint: A namespace holds one site. Another one needs a namespace of its own: hawser site create other -n other",
      );
    }
    assert.equal((await sandbox.succeed(["site", "status", "-o", "json"])).stdout, before);
  }),
);

test(
  "arguments and places that are not UTF-8 are refused: two files would be taken for one",
  shared.use(async (sandbox) => {
    const cases = [
      ["hawser token issue $'q\\xe9.yaml' -n west", "argument 3", "q�.yaml"],
      ["HAWSER_DATA_HOME=$'/tmp/\\xe9' hawser version", "variable HAWSER_DATA_HOME", "/tmp/�"],
    ];
    for (const [line, what, value] of cases) {
      assertRefused(
        await sandbox.run("bash", ["-c", line!]),
        2,
        `error: Invalid value "${value}" for ${what}: it must be in UTF-8`,
      );
    }
  }),
);

test("what was printed and left behind holds no secret", shared.end);
