import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccessStage, shareAccessStage } from "../stage/access_stage.ts";
import { prepareSites } from "../stage/sites.ts";

const shared = shareAccessStage();

/** Where stdout leads, as a shell has it; the shell goes on, so that it is the parent. */
const ways = {
  "a terminal": (line: string) => ["script", "-qec", line, "/dev/null"],
  "a job's log": (line: string) => ["sh", "-c", `CI=true ${line} && :`],
  "a job's log, with stderr": (line: string) => ["sh", "-c", `exec 2>&1; CI=true exec ${line}`],
  "a job's pipe": (line: string) => ["sh", "-c", `export CI=true; ${line} | cat && :`],
  "a job's variable": (line: string) => ["sh", "-c", `export CI=1; x=$(${line}) && echo "$x"`],
  "a job's file": (line: string) => ["sh", "-c", `CI=true ${line} > made && cat made && rm made`],
  "no job's output": (line: string) => ["sh", "-c", `${line} && :`],
};

type Way = keyof typeof ways;

const all = Object.keys(ways) as Way[];
const inSight: Way[] = ["a terminal", "a job's log", "a job's log, with stderr"];

/**
 * Every command that prints a secret, and where it asks for --reveal. What jf or Skupper print so
 * too, or what nobody can read, is printed anywhere.
 */
const printing: [line: string, asks: readonly Way[], secret: RegExp][] = [
  ["hawser token issue - -n west", inSight, /^ {2}code: /m],
  ["hawser token issue --to - -n west", inSight, /^ {2}code: /m],
  ["hawser token issue - -n west -o json", inSight, /"code": "/],
  ["skupper token issue - -n west", inSight, /^ {2}code: /m],
  ["hawser token issue - -n west --seal-to RECIPIENT", [], /BEGIN AGE ENCRYPTED FILE/],
  ["hawser access-token create", inSight, /"access_token":/],
  ["jf access-token create", inSight, /"access_token":/],
  ["hawser access-token refresh --refresh-token REFRESH", inSight, /"access_token":/],
  ["hawser access-token-create", [], /"access_token":/],
  ["jf atc", [], /"access_token":/],
  ["jf rt atc", [], /"access_token":/],
  ["hawser config export acme", [], /^[\w+/=]{40,}/m],
  ["jf c export acme", [], /^[\w+/=]{40,}/m],
  ["hawser link generate -n west", [], /^ {2}tls\.key: /m],
];

test(
  "what is made ready for the commands that print secrets",
  shared.use(async ({ sandbox, api, admin }) => {
    await prepareSites(sandbox);
    const servers = [{ serverId: "acme", url: api.url, accessToken: admin.value, isDefault: true }];
    sandbox.write("home/.jfrog/jfrog-cli.conf.v6", JSON.stringify({ servers, version: "6" }));
    for (const name of ["skupper", "jf"]) {
      await sandbox.succeed(["version"], { calledAs: name as "jf" });
    }
  }),
);

for (const [line, asks, secret] of printing) {
  test(
    `${line} asks for --reveal ${asks.length === 0 ? "nowhere" : "where it would be seen"}`,
    shared.use(async (stage) => {
      for (const way of all) {
        const filled = fill(stage, line);
        const made = stage.api.tokens.all.length;
        const outcome = await runBy(stage, way, filled);
        const screen = outcome.stdout + outcome.stderr;
        if (!asks.includes(way)) {
          assert.equal(outcome.code, 0, `${way}: ${screen}`);
          assert.match(outcome.stdout.replaceAll("\r", ""), secret, way);
          continue;
        }
        assert.notEqual(outcome.code, 0, way);
        assert.match(screen, /The token would be seen (on the terminal|in the log of this job)/);
        assert.match(screen, /Hand it over with --to, .* with --reveal\./);
        assert.doesNotMatch(screen, secret);
        assert.equal(stage.api.tokens.all.length, made, `${way}: a token was made`);
        const revealed = await runBy(stage, way, `${filled} --reveal`);
        assert.equal(revealed.code, 0, revealed.stdout + revealed.stderr);
        assert.match(revealed.stdout.replaceAll("\r", ""), secret);
      }
    }),
  );
}

function fill({ api }: AccessStage, line: string): string {
  if (!line.includes("REFRESH")) return line.replace("RECIPIENT", recipient);
  return line.replace("REFRESH", api.tokens.make("admin", { refreshable: true }).refresh ?? "");
}

async function runBy({ sandbox, api, admin }: AccessStage, way: Way, line: string) {
  const [program, ...args] = ways[way](line);
  return await sandbox.run(program!, args, {
    printsToken: true,
    env: { JFROG_CLI_ACCESS_TOKEN: admin.value, JFROG_CLI_URL: api.url },
  });
}

/** A public key of age: nobody has its identity. */
const recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

test("nothing leaked", shared.end);
