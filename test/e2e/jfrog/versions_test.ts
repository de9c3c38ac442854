import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredToken } from "../../fakes/access_rules.ts";
import { type AccessStage, shareAccessStage } from "../stage/access_stage.ts";

// What differs from one version of Artifactory to the next (docs/spec/jfrog.md 1.7, 5.3): nowhere
// may what a server can't do look as if it were done.

const shared = shareAccessStage();
const versions = ["7.38.9", "7.68.0", "7.133.9"] as const;

/** The end of a call: its exit code, and what stands on stderr. */
type End = [code: number, stderr: RegExp];

const fine: End = [0, /^$/];

/** A call, TOKEN a token that is made for it, and its end at each of the versions. */
interface Difference {
  name: string;
  args: string[];
  token?: Record<string, unknown>;
  /** What is asked with: admin's own token, or the one that is made. */
  asks?: "the token" | "its reference";
  ends: [End, End, End];
  /** Whether the token that was made is there afterwards. */
  isThere?: [boolean, boolean, boolean];
}

const differences: Difference[] = [
  {
    name: "a token is made, with all that every version knows",
    args: ["atc", "bob", "--refreshable", "--expiry=1d", "--description=d", "--project=p"],
    ends: [fine, fine, fine],
  },
  {
    name: "a reference token is made since 7.38.10",
    args: ["atc", "bob", "--reference"],
    ends: [[0, /^warning: No reference token was made: .* since 7\.38\.10\n$/], fine, fine],
  },
  {
    name: "and with --strict its lack is an error",
    args: ["atc", "bob", "--reference", "--strict"],
    ends: [[1, /^error: The token is not what was asked for: .* It is revoked\n$/], fine, fine],
  },
  {
    name: "a token of a short life can be revoked since 7.50.3, if it was made so",
    args: ["access-token", "revoke", "ID"],
    token: { expires_in: 600, force_revocable: true },
    ends: [[2, /^error: .*Token not revocable/], fine, fine],
    isThere: [true, false, false],
  },
  {
    name: "a token is revoked by its id",
    args: ["access-token", "revoke", "ID"],
    token: {},
    ends: [fine, fine, fine],
    isThere: [false, false, false],
  },
  {
    name: "by itself it is revoked at any version: it holds its id",
    args: ["access-token", "revoke", "TOKEN"],
    token: {},
    ends: [[0, /^warning: Others/], [0, /^warning: Others/], [0, /^warning: Others/]],
    isThere: [false, false, false],
  },
  {
    name: "by a reference token it is revoked since 7.68",
    args: ["access-token", "revoke", "REFERENCE"],
    token: { include_reference_token: true },
    ends: [[6, /\nerror: .* is older than Artifactory 7\.68 /], [0, /^warn/], [0, /^warn/]],
    isThere: [true, false, false],
  },
  {
    name: "--quiet takes no token for revoked that an older version can't find",
    args: ["access-token", "revoke", "REFERENCE", "--quiet"],
    token: { include_reference_token: true },
    ends: [[6, /\nerror: .* is older than Artifactory 7\.68 /], [0, /^warn/], [0, /^warn/]],
    isThere: [true, false, false],
  },
  {
    name: "me is revoked at any version, since the token holds its id",
    args: ["access-token", "revoke", "me", "--quiet"],
    token: {},
    asks: "the token",
    ends: [fine, fine, fine],
    isThere: [false, false, false],
  },
  {
    name: "me is found by a reference token since 7.53.1",
    args: ["access-token", "revoke", "me", "--quiet"],
    token: { include_reference_token: true },
    asks: "its reference",
    ends: [
      [6, /^error: .* older than Artifactory 7\.53\.1 .* which token it is asked with/],
      fine,
      fine,
    ],
    isThere: [true, false, false],
  },
  {
    name: "me is shown at any version",
    args: ["access-token", "show", "me"],
    token: {},
    asks: "the token",
    ends: [fine, fine, fine],
  },
];

for (const { name, args, token, asks, ends, isThere } of differences) {
  test(
    `Artifactory ${versions.join(", ")}: ${name}`,
    shared.use(async (stage) => {
      const { tokens } = stage.api;
      for (const [index, version] of versions.entries()) {
        const made = token === undefined ? undefined : makeAt(version, stage, token);
        const values: Record<string, string | undefined> = {
          ...{ ID: made?.token_id, TOKEN: made?.value, REFERENCE: made?.reference },
          ...{ "the token": made?.value, "its reference": made?.reference },
        };
        tokens.version = version;
        const filled = args.map((arg) => values[arg] ?? arg);
        const env = { JFROG_CLI_ACCESS_TOKEN: values[asks ?? ""] ?? stage.admin.value };
        const { code, stderr } = await stage.call([...filled, "--url", "URL"], { env })
          .finally(() => tokens.version = "7.133.9");
        const [wanted, said] = ends[index]!;
        assert.equal(code, wanted, `${version}: ${stderr}`);
        assert.match(stderr, said, version);
        if (isThere) assert.equal(tokens.all.includes(made!), isThere[index], version);
      }
    }),
  );
}

/** A token of admin's; a reference token is from before the server went back to its version. */
function makeAt(
  version: string,
  { api: { tokens } }: AccessStage,
  fields: Record<string, unknown>,
): StoredToken {
  tokens.version = fields["include_reference_token"] === true ? "7.133.9" : version;
  return tokens.make("admin", fields);
}

test("what was printed and left behind holds no secret", shared.end);
