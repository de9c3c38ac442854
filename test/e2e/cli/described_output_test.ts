import assert from "node:assert/strict";
import { test } from "node:test";
import { outputs } from "../../../scripts/reference/outputs.ts";
import type { AccessStage } from "../stage/access_stage.ts";
import { shareAccessStage } from "../stage/access_stage.ts";
import { assertDescribed, wordsOf } from "../stage/described_output.ts";
import { inSandbox } from "../stage/harness.ts";

// The harness checks all JSON that any test has printed; here every command prints some.

/** Commands on sites, in an order in which they can; LINK is the link that is made. */
const skupperLines = [
  "version",
  "site generate north",
  "controller start",
  "controller status",
  "site create west -n west --enable-link-access --link-host 127.0.0.1",
  "site update -n west",
  "site status -n west",
  "site create east -n east",
  "token issue t.yaml -n west",
  "token inspect t.yaml",
  "grant list -n west",
  "token redeem t.yaml -n east",
  "token issue - -n west",
  "link generate -n west",
  "link status -n east",
  "link status LINK -n east",
  "link update LINK --cost 3 -n east",
  "link check -n west",
  "grant revoke LINK -n west",
  "link delete LINK -n east",
  "site delete -n east",
  "controller manifest",
  "controller restart",
  "controller stop",
  "controller stop",
];

/** Commands on JFrog's servers; URL is the stand-in's, ID the id of the token made. */
const jfrogLines = [
  "config add acme --url URL --user admin --access-token-stdin",
  "config show",
  "config edit acme --user alice",
  "config use acme",
  "config export acme",
  "access-token-create --dry-run --project key",
  "access-token-create --refreshable --reference --description test",
  "access-token list",
  "access-token show ID",
  "access-token refresh --url URL --refresh-token-stdin",
  "access-token revoke ID",
  "access-token revoke ID",
  "exchange-oidc-token github",
  "config remove acme --quiet",
];

test(
  "the commands on sites print what the reference says",
  inSandbox(async (sandbox) => {
    let link = "";
    for (const line of skupperLines) {
      const args = [...line.replace("LINK", link).split(" "), "-o", "json"];
      const printsToken = / - |link generate/.test(line);
      const { stdout } = await sandbox.succeed(args, { printsToken });
      if (line.startsWith("token issue t.yaml")) link = JSON.parse(stdout).grant;
    }
  }),
);

const stage = shareAccessStage();

test(
  "JFrog's commands print what the reference says",
  stage.use(async (stage) => {
    let token: Record<string, string> = {};
    for (const line of jfrogLines) {
      const { code, stdout, stderr } = await call(stage, line.replace("ID", token["token_id"]!), {
        refresh: token["refresh_token"] ?? "",
      });
      assert.equal(code, 0, `${line}\n${stderr}`);
      if (/--refreshable|--refresh-token/.test(line)) token = JSON.parse(stdout);
      if (line.startsWith("config export")) await importBack(stage, JSON.parse(stdout).token);
    }
  }),
);

test("no output held a secret that is not its result", stage.end);

test("every command with an output is among those above", () => {
  const run = [...skupperLines, ...jfrogLines, "config import"].map((line) =>
    wordsOf(line.split(" "))
  );
  assert.deepEqual(Object.keys(outputs).filter((words) => !run.includes(words)), []);
});

test("an output with a field more, less or of another type is found", () => {
  const revoke = ["grant", "revoke", "x", "--output=json"];
  assertDescribed(revoke, '{"revoked":"x"}');
  for (const wrong of ['{"revoked":"x","more":1}', "{}", '{"revoked":1}']) {
    assert.throws(() => assertDescribed(revoke, wrong), /not as scripts\/reference has it/);
  }
});

function call({ call, admin }: AccessStage, line: string, { refresh }: { refresh: string }) {
  const stdin = line.includes("--refresh-token-stdin") ? refresh : admin.value;
  const env = { JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: "ID_TOKEN" };
  return call([...line.split(" "), "-o", "json"], { stdin, env });
}

async function importBack(stage: AccessStage, token: string): Promise<void> {
  const line = ["config", "import", "-", "-o", "json"];
  const { code, stderr } = await stage.call(line, { stdin: token });
  assert.equal(code, 0, stderr);
}
