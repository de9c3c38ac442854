import assert from "node:assert/strict";
import { test } from "node:test";
import { shareAccessStage } from "../stage/access_stage.ts";
import { inSandbox } from "../stage/harness.ts";

/** Variables that are set for other programs, or by who wants this one to be another. */
const variables = {
  BUN_BE_BUN: "1",
  BUN_OPTIONS: "--version",
  BUN_INSPECT: "127.0.0.1:0/x",
  BUN_JSC_useJIT: "nonsense",
  BUN_JSC_dumpOptions: "1",
  NODE_OPTIONS: "--require /nowhere",
  NODE_TLS_REJECT_UNAUTHORIZED: "0",
  NODE_DEBUG: "net,tls",
};

test(
  "no variable of the runtime changes what the executable is",
  inSandbox(async (sandbox) => {
    const plain = await sandbox.hawser(["version"]);
    for (const [name, value] of Object.entries(variables)) {
      assert.deepEqual(await sandbox.hawser(["version"], { env: { [name]: value } }), plain, name);
    }
  }),
);

const shared = shareAccessStage();

test(
  "NODE_TLS_REJECT_UNAUTHORIZED=0 trusts nobody and says nothing",
  shared.use(async (stage) => {
    const env = {
      JFROG_CLI_HOME_DIR: `${stage.sandbox.folder}/empty`,
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    };
    const args = ["atc", "--url", "URL", "--access-token-stdin", "-o", "json"];
    const refused = await stage.call(args, { env, stdin: "token" });
    assert.equal(refused.code, 8);
    assert.equal(JSON.parse(refused.stderr).error.code, "tls-failed");
    const insecure = await stage.call([...args, "--insecure-tls"], {
      env,
      stdin: stage.admin.value,
    });
    assert.equal(insecure.code, 0);
    assert.deepEqual(Object.keys(JSON.parse(insecure.stderr)), ["warning"]);
  }),
);

test("what was printed and left behind holds no secret", shared.end);
