import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import type { AccessGrant } from "../../../src/resources/access_grant.ts";
import { parseResource, readResources } from "../../../src/resources/yaml.ts";
import { eventually } from "../stage/eventually.ts";
import { type Sandbox, shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, listGrants, prepareSites, redemptionFiles } from "../stage/sites.ts";

const shared = shareSandbox((sandbox) => prepareSites(sandbox, "east", "south"));

function putInput(sandbox: Sandbox, namespace: string, file: string, text: string): string {
  return sandbox.write(`data/namespaces/${namespace}/input/resources/${file}`, text);
}

/** A resource as this program keeps it beside the input, once it is there. */
function readRecord(sandbox: Sandbox, namespace: string, file: string): string | undefined {
  const state = path.join(sandbox.dataHome, "hawser", namespace);
  const found = fs.readdirSync(state, { recursive: true, encoding: "utf8" })
    .find((name) => name.endsWith(`/resources/${file}`));
  return found && fs.readFileSync(path.join(state, found), "utf8");
}

async function uses(sandbox: Sandbox, grant: string): Promise<string> {
  const { stdout } = await sandbox.succeed(["grant", "list", "-n", "west"]);
  return stdout.match(new RegExp(`^${grant} .*?(\\d+/\\d+)`, "m"))![1]!;
}

const redeem = (file: string, namespace: string) => ["token", "redeem", file, "-n", namespace];

test(
  "a grant put by hand gets every status property, and a token of each issue --grant",
  shared.use(async (sandbox) => {
    const grant = `apiVersion: skupper.io/v2alpha1
kind: AccessGrant
metadata:
  name: my-grant
  namespace: west
spec:
  redemptionsAllowed: 2
  expirationWindow: 1h30m
  code: by-hand-and-secret
  issuer: skupper-site-ca
  settings:
    anything: "at all"
`;
    const file = putInput(sandbox, "west", "my-grant.yaml", grant);
    await eventually(async () =>
      (await listGrants(sandbox)).find(({ name }) => name === "my-grant")?.status === "Ready"
    );
    const record = readRecord(sandbox, "west", "AccessGrant-my-grant.yaml")!;
    const [document] = readResources(record, "record");
    const { status, spec }: AccessGrant = parseResource("AccessGrant", document!, "record");
    assert.deepEqual(spec!.settings, { anything: "at all" });
    assert.equal(status!.code, "by-hand-and-secret");
    assert.match(status!.url!, /^https:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}$/);
    assert.match(status!.ca!, /^-----BEGIN CERTIFICATE-----\n/);
    assert.equal(status!.redemptions, 0);
    assert.equal(status!.status, "Ready");
    assert.equal(status!.message, "OK");
    const types = status!.conditions!.map(({ type, status }) => `${type} ${status}`);
    assert.deepEqual(types, ["Processed True", "Ready True", "Resolved True"]);
    const processed = Date.parse(status!.conditions![0]!.lastTransitionTime);
    assert.equal(Date.parse(status!.expirationTime!) - processed, 5_400_000);

    for (const [index, namespace] of ["east", "south"].entries()) {
      const issued = await sandbox.succeed(
        ["token", "issue", "mine.yaml", "-n", "west", "--grant", "my-grant"],
      );
      const left = index === 0 ? "2 uses" : "1 use";
      assert.match(issued.stdout, new RegExp(`^Access grant "my-grant" is ready\\.$`, "m"));
      assert.match(issued.stdout, new RegExp(`The token expires after ${left} or after 1 hour `));
      await sandbox.succeed(redeem("mine.yaml", namespace));
      await eventually(async () => await uses(sandbox, "my-grant") === `${index + 1}/2`);
    }
    assertRefused(
      await sandbox.hawser(["token", "issue", "no.yaml", "-n", "west", "--grant", "my-grant"]),
      5,
      'error: Access grant "my-grant" has no redemptions left of 2',
      "hint: A token without --grant gets a new one: hawser token issue <file> -n west",
    );
    assert.equal(fs.readFileSync(file, "utf8"), grant);
    for (const namespace of ["east", "south"]) {
      await sandbox.succeed(["link", "delete", "my-grant", "-n", namespace]);
    }
  }),
);

test(
  "a token put by hand is redeemed once, with its cost, and moved away",
  shared.use(async (sandbox) => {
    const grant = await issueToken(sandbox, "t.yaml", "--link-cost", "4");
    const file = putInput(sandbox, "east", "t.yaml", sandbox.read("t.yaml"));
    await eventually(() => !fs.existsSync(file));
    const { stdout } = await sandbox.succeed(["link", "status", grant, "-n", "east"]);
    assert.match(stdout, /^Cost: {5}4$/m);
    const record = readRecord(sandbox, "east", `AccessToken-${grant}.yaml`)!;
    assert.match(record, /^ {2}redeemed: true$/m);
    await eventually(async () => await uses(sandbox, grant) === "1/1");
    await sandbox.succeed(["link", "delete", grant, "-n", "east"]);
  }),
);

test(
  "a token put by hand that is refused says so in its status, and is moved away",
  shared.use(async (sandbox) => {
    const grant = await issueToken(sandbox, "t.yaml");
    const wrong = sandbox.read("t.yaml").replace(/code: .*/, "code: wrongwrong");
    const file = putInput(sandbox, "east", "wrong.yaml", wrong);
    await eventually(() => !fs.existsSync(file));
    const record = readRecord(sandbox, "east", `AccessToken-${grant}.yaml`)!;
    assert.match(record, /^ {2}status: Error$/m);
    assert.match(record, /message: .*refused the token/);
    // a proxy may have said so in the service's place: the key waits
    assert.deepEqual(redemptionFiles(sandbox, "east").filter((file) => !/\.key$/.test(file)), []);
    assert.equal(await uses(sandbox, grant), "0/1");
  }),
);

test(
  "a token redeemed twice into the same site spends one use",
  shared.use(async (sandbox) => {
    const grant = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    await sandbox.succeed(redeem("t.yaml", "east"));
    const before = redemptionFiles(sandbox, "east");
    assertRefused(
      await sandbox.hawser(redeem("t.yaml", "east")),
      7,
      `error: Token "${grant}" is already redeemed in namespace "east"`,
      `hint: hawser link status ${grant} -n east`,
    );
    assert.deepEqual(redemptionFiles(sandbox, "east"), before);
    await sandbox.succeed(redeem("t.yaml", "south"));
    await eventually(async () => await uses(sandbox, grant) === "2/2");
    for (const namespace of ["east", "south"]) {
      await sandbox.succeed(["link", "delete", grant, "-n", namespace]);
    }
  }),
);

test(
  "a link of the token's name that is not the token's is not overwritten, and no use is spent",
  shared.use(async (sandbox) => {
    const grant = await issueToken(sandbox, "t.yaml");
    const link = `apiVersion: skupper.io/v2alpha1
kind: Link
metadata: { name: ${grant} }
spec:
  endpoints: [{ name: edge, host: 192.0.2.1, port: "45671" }]
`;
    const file = putInput(sandbox, "east", "theirs.yaml", link);
    assertRefused(
      await sandbox.hawser(redeem("t.yaml", "east")),
      7,
      `error: Link "${grant}" exists already in namespace "east" and was not made from this token`,
      "hint: Nothing was changed and no use of the token was spent.",
    );
    assert.equal(fs.readFileSync(file, "utf8"), link);
    assert.equal(await uses(sandbox, grant), "0/1");
    fs.rmSync(file);
  }),
);

/** Ways for a grant to end, and what a redemption and `--grant` say of it. */
const endings: [string, string[], (sandbox: Sandbox, grant: string) => Promise<void>, {
  code: number;
  redemption: string[];
  reuse: string[];
}][] = [
  [
    "expired",
    ["--expiration-window", "1s"],
    (sandbox, grant) =>
      eventually(async () =>
        (await listGrants(sandbox)).find(({ name }) => name === grant)!.status === "Expired"
      ),
    {
      code: 5,
      redemption: ['error: Token "NAME" has expired', "hint: Ask for a new token."],
      reuse: [
        'error: Access grant "NAME" expired at [WILDCARD]Z',
        "hint: A token without --grant gets a new one: hawser token issue <file> -n west",
      ],
    },
  ],
  [
    "used up",
    [],
    async (sandbox, grant) => {
      await sandbox.succeed(redeem("t.yaml", "south"));
      await sandbox.succeed(["link", "delete", grant, "-n", "south"]);
      await eventually(async () => await uses(sandbox, grant) === "1/1");
    },
    {
      code: 5,
      redemption: [
        'error: Token "NAME" is used up: its grant has no redemptions left',
        "hint: Ask for a new token, or one with more redemptions (--redemptions-allowed).",
      ],
      reuse: [
        'error: Access grant "NAME" has no redemptions left of 1',
        "hint: A token without --grant gets a new one: hawser token issue <file> -n west",
      ],
    },
  ],
  [
    "revoked",
    [],
    async (sandbox, grant) => {
      await sandbox.succeed(["grant", "revoke", grant, "-n", "west"]);
    },
    {
      code: 6,
      redemption: [
        'error: Token "NAME" was revoked at the site that issued it',
        "hint: Ask for a new token.",
      ],
      reuse: [
        'error: AccessGrant "NAME" does not exist in namespace "west"',
        "hint: hawser grant list -n west",
      ],
    },
  ],
];

for (const [what, options, end, { code, redemption, reuse }] of endings) {
  test(
    `a grant that is ${what} serves no token any more`,
    shared.use(async (sandbox) => {
      const grant = await issueToken(sandbox, "t.yaml", ...options);
      const before = redemptionFiles(sandbox, "east");
      await end(sandbox, grant);
      const named = (lines: string[]) => lines.map((line) => line.replace("NAME", grant));
      for (const namespace of ["east", "nowhere"]) {
        const outcome = await sandbox.hawser(redeem("t.yaml", namespace));
        assertRefused(outcome, 5, ...named(redemption));
      }
      // a clock may be wrong that says expired: who was under way keeps its key for another try
      const left = redemptionFiles(sandbox, "east").filter((file) => !before.includes(file));
      assert.equal(left.length, what === "expired" ? 1 : 0, left.join());
      const again = ["token", "issue", "no.yaml", "-n", "west", "--grant", grant];
      assertRefused(await sandbox.hawser(again), code, ...named(reuse));
      assert.ok(!fs.existsSync(path.join(sandbox.folder, "no.yaml")));
    }),
  );
}

test("what was printed and left behind holds no secret", shared.end);
