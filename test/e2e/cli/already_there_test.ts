import assert from "node:assert/strict";
import { test } from "node:test";
import { listCommands, wholeTree } from "../../../scripts/reference/program.ts";
import { shareAccessStage } from "../stage/access_stage.ts";

// docs/spec/design.md 3.9: one rule for what is there, or gone, already.

const shared = shareAccessStage();

/** A command line whose end is there already, with its exit code and what it says. */
interface Line {
  line: string;
  code: number;
  stderr?: RegExp;
  stdout?: RegExp;
}

/** What is to be taken away, and is not there. */
const gone: Line[] = [
  { line: "link delete nowhere -n west", code: 6, stderr: /^error: Link "nowhere" does not exist/ },
  { line: "grant revoke nowhere -n west", code: 6, stderr: /^error: AccessGrant "nowhere" does/ },
  { line: "site delete nowhere -n west", code: 6, stderr: /^error: Site "nowhere" does not exist/ },
  { line: "site delete -n empty", code: 3, stderr: /^error: Cannot delete the site: there is no/ },
  { line: "delete link nowhere -n west", code: 6, stderr: /^error: Link "nowhere" does not exist/ },
  { line: "config remove nowhere", code: 6, stderr: /^error: Server ID "nowhere" does not exist/ },
  { line: "access-token revoke gone", code: 6, stderr: /^error: Access token "gone" is not there/ },
];

/** All of something, or what has no name, of which nothing is left. */
const allGone: Line[] = [
  { line: "site delete --all -n empty", code: 0, stdout: /^There is no site in namespace "empty"/ },
  { line: "site delete --all --quiet -n empty", code: 0 },
  {
    line: "controller stop",
    code: 0,
    stderr: /^Waiting/,
    stdout: /^No controller was running\.\n$/,
  },
];

/** What is to be made, and is there. */
const there: Line[] = [
  { line: "site create west -n west", code: 7, stderr: /^error: A site already exists/ },
  { line: "site create other -n west", code: 7, stderr: /^error: A site already exists/ },
  { line: "config add acme --url URL", code: 7, stderr: /^error: Server ID "acme" already exists/ },
  { line: "token issue notes -n west", code: 7, stderr: /^error: File notes exists and is not/ },
];

/** What is to be so, and is so. */
const soAlready: Line[] = [
  { line: "config use acme", code: 0, stderr: /^Using server ID 'acme'/ },
  { line: "site update --enable-link-access -n west", code: 0, stderr: /^hint/, stdout: /^/ },
];

/** Commands that make or take away, and can't find their end there already, with why. */
const others = {
  "key new": "never replaces its file",
  "site generate": "prints",
  "link generate": "prints",
  "link update": "changes what is there",
  "config edit": "changes what is there",
  "config import": "replaces what is there, with a warning",
  "config export": "prints",
  "apply": "says of each whether it was so already",
  "token redeem": "a token is redeemed once: its own errors",
  "controller run": "stays",
  "controller start": "below, since it starts one: 7",
  "controller restart": "replaces what is there",
  "access-token create": "makes another one",
  "access-token-create": "makes another one",
  "rt access-token-create": "makes another one",
  "access-token refresh": "makes another one",
  "exchange-oidc-token": "makes another one",
};

/** Commands that look only. */
const looks =
  /^(version|help|completion|doctor|network|wait|get|describe|rt ping|.* (status|check|list|show|inspect|manifest|verify))$/;

test("every command has its place under the rule", () => {
  const placed = [...gone, ...allGone, ...there, ...soAlready].map(({ line }) => line);
  const missing = listCommands(wholeTree("hawser")).map(({ words }) => words).filter((words) =>
    !looks.test(words) && !(words in others) &&
    !placed.some((line) => line.startsWith(`${words} `) || line === words)
  );
  assert.deepEqual(missing, []);
});

const prepared = shared.use(async ({ sandbox, api }) => {
  sandbox.write("notes", "not a token\n");
  const servers = [{ serverId: "acme", url: api.url, isDefault: true }];
  sandbox.write("home/.jfrog/jfrog-cli.conf.v6", JSON.stringify({ servers, version: "6" }));
  await sandbox.succeed(["site", "create", "west", "-n", "west", "--enable-link-access"]);
});

test("a site and a server are there", prepared);

for (
  const { line, code, stderr = /^$/, stdout = /^$/ } of [
    ...gone,
    ...allGone,
    ...there,
    ...soAlready,
  ]
) {
  const isGone = gone.some((one) => one.line === line);
  test(
    `${line} ends with ${code}${isGone ? ", and with 0 and a warning with --quiet" : ""}`,
    shared.use(async (stage) => {
      const call = (args: string[], calledAs = "hawser") =>
        stage.call(args, {
          calledAs,
          env: args[0] === "access-token"
            ? { JFROG_CLI_URL: "URL", JFROG_CLI_ACCESS_TOKEN: "ADMIN" }
            : {},
          printsToken: false,
        });
      const names = listCommands(wholeTree("jf")).some(({ words }) => line.startsWith(words))
        ? ["hawser", "jf"] as const
        : ["hawser", "skupper"] as const;
      const before = stage.sandbox.read("home/.jfrog/jfrog-cli.conf.v6");
      for (const name of names) {
        const plain = await call(line.split(" "), name);
        if (name === "jf" && line.startsWith("config remove")) assert.equal(plain.code, 0);
        else assert.equal(plain.code, name === "jf" ? Math.min(code, 1) : code, plain.stderr);
        if (plain.code !== 0 || !isGone) assert.match(plain.stderr, stderr);
        if (stdout.source !== "^$") assert.match(plain.stdout, stdout);
        if (!isGone) continue;
        const quiet = await call([...line.split(" "), "--quiet"], name);
        assert.deepEqual([quiet.code, quiet.stdout], [0, ""], quiet.stderr);
        assert.match(quiet.stderr, /^warning: .*: nothing is left to do\n$/);
        const json = await call([...line.split(" "), "--quiet", "-o", "json"], name);
        assert.equal(json.code, 0);
        assert.doesNotMatch(json.stdout, /nowhere/);
      }
      assert.equal(stage.sandbox.read("home/.jfrog/jfrog-cli.conf.v6"), before);
    }),
  );
}

test(
  "config remove without a name is content with nothing, and controller start is not with one",
  shared.use(async ({ sandbox }) => {
    await sandbox.succeed(["controller", "start"]);
    assert.equal((await sandbox.hawser(["controller", "start"])).code, 7);
    await sandbox.succeed(["controller", "stop"]);
    for (let round = 0; round < 2; round++) {
      const { stdout, stderr } = await sandbox.succeed(["config", "remove", "--quiet"]);
      assert.deepEqual([stdout, stderr], ["", ""]);
    }
    const { stderr } = await sandbox.succeed(["config", "remove"]); // nothing to ask about
    assert.equal(stderr, "");
  }),
);

test("what was printed and left behind holds no secret", shared.end);
