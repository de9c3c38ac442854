import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { assertMatches } from "../stage/golden.ts";
import { inSandbox, isRoot, type Sandbox, shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, listGrants, prepareSites, redemptionFiles } from "../stage/sites.ts";
import { makeCertificate, standInToken } from "../stage/stand_in_server.ts";

const shared = shareSandbox(async (sandbox) => {
  await prepareSites(sandbox, "east");
  // what every token must not be changed into by a failing command
  await issueToken(sandbox, "good.yaml", "--redemptions-allowed", "9");
});

const hint = 'hint: A token file is made by "hawser token issue <file>" at the other site.';

/** A complete token for a grant service that no test talks to. */
const token = standInToken({ url: "https://127.0.0.1:1", ca: makeCertificate().certificate });

test(
  "what a token file says can't turn the direction of a terminal's text",
  shared.use(async (sandbox) => {
    const site = "west\u202etsew\u2066\u2069";
    const annotated = token.replace(
      "metadata:",
      `metadata:\n  annotations:\n    hawser/site: "${site}"`,
    );
    sandbox.write("turned.yaml", annotated);
    const escaped = "west\\u202etsew\\u2066\\u2069";
    const { stdout } = await sandbox.succeed(["token", "inspect", "turned.yaml"]);
    assert.match(stdout, /^[\n\x20-\x7e]*$/);
    assert.ok(stdout.includes(escaped), stdout);
    for (const format of ["json", "yaml"]) {
      const printed = await sandbox.succeed(["token", "inspect", "turned.yaml", "-o", format]);
      assert.match(printed.stdout, /^[\n\x20-\x7e]*$/);
      assert.equal(JSON.parse(printed.stdout).site, site);
    }
    const refused = await sandbox.hawser(["token", "inspect", `no-${site}.yaml`]);
    assert.match(refused.stderr, /^[\n\x20-\x7e]*$/);
    assert.ok(refused.stderr.includes(escaped), refused.stderr);
  }),
);

/** Files that no token can be read from, and why. */
const unreadable: [string, string | Uint8Array, string][] = [
  ["empty", "", "it is empty"],
  ["of comments only", "# a token\n---\n# no more\n", "it is empty"],
  ["binary", Uint8Array.from({ length: 2000 }, (_, i) => i % 256), "it is not text"],
  ["with a NUL", token.replace("StandIn", "Stand\0In"), "it is not text"],
  ["of 10 MB", Buffer.alloc(10_000_000, "a"), "it is larger than 1 MiB"],
  ["not YAML", "kind: [\n", "line 2: [WILDCARD]"],
  [
    "with aliases",
    token.replace("metadata:", "a: &a [x]\nb: *a\nmetadata:"),
    "[WILDCARD]alias[WILDCARD]",
  ],
  ["plain text", "hello\n", "[WILDCARD]"],
  [
    "of Skupper 1",
    "apiVersion: v1\nkind: Secret\nmetadata:\n  labels: {skupper.io/type: token-claim}\n",
    "it is a token of Skupper 1, and sites of version 1 and 2 can't be linked",
  ],
  [
    "of another kind",
    token.replace("AccessToken", "Secret"),
    "it holds a Secret, not an AccessToken",
  ],
  ["of no kind", "a: 1\n", "it holds no AccessToken"],
  ["of another API", token.replace("v2alpha1", "v1"), "[WILDCARD]apiVersion[WILDCARD]"],
  [
    "with two documents",
    `${token}---\n${token}`,
    "it holds 2 documents, and a token file holds one",
  ],
  ["without spec", token.replace(/^spec:[^]*/m, ""), "spec is missing"],
  ["without url", token.replace(/^ {2}url: .*\n/m, ""), "spec.url is missing: it must be text"],
  ["with an empty url", token.replace(/url: .*/, 'url: ""'), "spec.url is empty"],
  ["with no url as url", token.replace(/url: .*/, "url: east"), "spec.url is not a url"],
  ["with an http url", token.replace("https:", "http:"), "spec.url must begin with https://"],
  ["without code", token.replace(/^ {2}code: .*\n/m, ""), "spec.code is missing: it must be text"],
  ["with an empty code", token.replace(/code: .*/, 'code: ""'), "spec.code is empty"],
  [
    "with a number as code",
    token.replace(/code: .*/, "code: 12345678"),
    "spec.code must be text[WILDCARD]",
  ],
  ["without ca", token.replace(/^ {2}ca: [^]*/m, ""), "spec.ca is missing: it must be text"],
  [
    "with a ca that is not PEM",
    token.replace(/ca: [^]*/, "ca: hello\n"),
    "spec.ca is not a certificate in PEM",
  ],
  ["with a broken ca", token.replace(/MII/, "???"), "spec.ca is not a certificate in PEM"],
  [
    "with a bad name",
    token.replace(/name: .*/, "name: ../../etc/x"),
    "metadata.name is not a name Kubernetes would take",
  ],
  [
    "with a bad cost",
    token.replace("spec:", "spec:\n  linkCost: 70000"),
    "spec.linkCost must be from 1 to 65535",
  ],
];

for (const [what, content, why] of unreadable) {
  test(
    `a token file ${what} is refused`,
    shared.use(async (sandbox) => {
      sandbox.write("bad.yaml", content);
      const wanted = [`error: Cannot read a token from bad.yaml: ${why}`, hint] as const;
      assertRefused(
        await sandbox.hawser(["token", "redeem", "bad.yaml", "-n", "east"]),
        2,
        ...wanted,
      );
      assertRefused(await sandbox.hawser(["token", "inspect", "bad.yaml"]), 2, ...wanted);
      const piped = await sandbox.hawser(["token", "redeem", "-", "-n", "east"], {
        stdin: content,
      });
      assertRefused(piped, 2, wanted[0].replace("bad.yaml", "standard input"), hint);
      assert.deepEqual(redemptionFiles(sandbox, "east"), []);
    }),
  );
}

test(
  "a token file that is not there, or is a folder, is refused",
  shared.use(async (sandbox) => {
    const redeem = (file: string) => sandbox.hawser(["token", "redeem", file, "-n", "east"]);
    assertRefused(await redeem("missing.yaml"), 6, "error: File missing.yaml does not exist");
    assertRefused(await redeem("tmp"), 1, "error: Cannot read tmp: it is a folder");
  }),
);

test(
  "a token with a wrong code is refused, and leaves nothing but its key",
  shared.use(async (sandbox) => {
    sandbox.write("wrong.yaml", sandbox.read("good.yaml").replace(/code: .*/, "code: wrongwrong"));
    assertRefused(
      await sandbox.hawser(["token", "redeem", "wrong.yaml", "-n", "east"]),
      4,
      "error: The grant service at https://[WILDCARD] refused the token: its code is not the grant's",
      "hint: Ask for a new token.",
    );
    // who says so may be a proxy: a use may have been given to the key
    const files = redemptionFiles(sandbox, "east");
    assert.deepEqual(files.filter((file) => !file.endsWith(".key")), []);
    assert.equal(files.length, 1);
  }),
);

/** Targets that a token can't be written to, made by the test, and what is said of them. */
const unwritable: [string, string, (sandbox: Sandbox) => void, number, ...string[]][] = [
  ["a folder", "tmp", () => {}, 1, "error: Cannot write tmp: it is a folder"],
  ["a folder's name", "tmp/", () => {}, 1, "error: Cannot write tmp/: it names a folder"],
  [
    "in a folder that is missing",
    "no/t.yaml",
    () => {},
    1,
    "error: Cannot write no/t.yaml: folder no does not exist",
  ],
  [
    "below a file",
    "good.yaml/t.yaml",
    () => {},
    1,
    "error: Cannot write good.yaml/t.yaml: good.yaml is not a folder",
  ],
  [
    "a symlink",
    "link.yaml",
    (sandbox) => fs.symlinkSync("good.yaml", path.join(sandbox.folder, "link.yaml")),
    1,
    "error: Cannot write link.yaml: it is a symbolic link, and those are not followed",
  ],
  [
    "a symlink to nothing",
    "dangling.yaml",
    (sandbox) => fs.symlinkSync("nothing", path.join(sandbox.folder, "dangling.yaml")),
    1,
    "error: Cannot write dangling.yaml: it is a symbolic link, and those are not followed",
  ],
  [
    "a file that is no token file",
    "notes.txt",
    (sandbox) => sandbox.write("notes.txt", "dear diary\n"),
    7,
    "error: File notes.txt exists and is not a token file",
    "hint: Use --force to replace it.",
  ],
  [
    "standard output by its path",
    "/dev/stdout",
    () => {},
    2,
    "error: Cannot write a token to /dev/stdout: a token file is written whole, beside its place",
    "hint: Name - instead, and redirect standard output.",
  ],
  [
    "a pipe with a name",
    "pipe",
    (sandbox) => void spawnSync("mkfifo", [`${sandbox.folder}/pipe`]),
    2,
    "error: Cannot write a token to pipe: a token file is written whole, beside its place",
    "hint: Name - instead, and redirect standard output.",
  ],
  [
    "in a folder that takes no files",
    "/proc/t.yaml",
    () => {},
    1,
    "error: Cannot write /proc/t.yaml: [WILDCARD]",
  ],
];

for (const [what, file, make, code, ...wanted] of unwritable) {
  test(
    `a target that is ${what} is refused before a grant is made`,
    shared.use(async (sandbox) => {
      make(sandbox);
      const [grants, good] = [await listGrants(sandbox), sandbox.read("good.yaml")];
      assertRefused(await sandbox.hawser(["token", "issue", file, "-n", "west"]), code, ...wanted);
      assert.deepEqual(await listGrants(sandbox), grants);
      assert.equal(sandbox.read("good.yaml"), good);
    }),
  );
}

test(
  "an empty file of one's own, as mktemp makes it, is written over",
  shared.use(async (sandbox) => {
    const file = sandbox.write("made-by-mktemp", "", 0o600);
    await issueToken(sandbox, "made-by-mktemp");
    assert.match(fs.readFileSync(file, "utf8"), /^kind: AccessToken$/m);
  }),
);

test(
  "--force replaces any file, and never a symlink; a token file is replaced without",
  shared.use(async (sandbox) => {
    const file = sandbox.write("forced.yaml", "dear diary\n", 0o644);
    const first = await issueToken(sandbox, "forced.yaml", "--force");
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const second = await issueToken(sandbox, "forced.yaml");
    assert.notEqual(first, second);
    assertMatches(sandbox.read("forced.yaml"), `[WILDCARD]\n  name: ${second}\n[WILDCARD]`);
    fs.symlinkSync("forced.yaml", path.join(sandbox.folder, "alias.yaml"));
    assertRefused(
      await sandbox.hawser(["token", "issue", "alias.yaml", "-n", "west", "--force"]),
      1,
      "error: Cannot write alias.yaml: it is a symbolic link, and those are not followed",
    );
  }),
);

test("what was printed and left behind holds no secret", shared.end);

test(
  "a file or folder that an ordinary user may not write is refused (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox);
    await issueToken(sandbox, "mine.yaml");
    fs.chmodSync(path.join(sandbox.folder, "mine.yaml"), 0o400);
    const issue = (file: string) => sandbox.hawser(["token", "issue", file, "-n", "west"]);
    assertRefused(await issue("mine.yaml"), 1, "error: Cannot write mine.yaml: it is read-only");
    fs.mkdirSync(path.join(sandbox.folder, "foreign"), { mode: 0o755 });
    const wanted = "error: Cannot write foreign/t.yaml: permission denied";
    assertRefused(await issue("foreign/t.yaml"), 1, wanted);
    fs.chmodSync(sandbox.write("unreadable.yaml", "x"), 0);
    assertRefused(
      await sandbox.hawser(["token", "redeem", "unreadable.yaml", "-n", "west"]),
      1,
      "error: Cannot read unreadable.yaml: permission denied",
    );
    assert.equal((await listGrants(sandbox)).length, 1);
  }, { ordinaryUser: true }),
);
