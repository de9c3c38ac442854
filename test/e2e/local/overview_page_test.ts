import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { request } from "node:http";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { isRoot, type Sandbox, shareSandbox } from "../stage/harness.ts";
import { assertNoSecrets } from "../stage/secrets.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

const skip = spawnSync("chromium", ["--version"]).status !== 0;

const shared = shareSandbox(async (sandbox) => {
  await prepareSites(sandbox, "east");
  await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
  await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
  const dropped = sandbox.read("t.yaml").replace(/name: .*/, "name: dropped")
    .replace(/code: .*/, "code: <b>wrong</b>");
  sandbox.write("data/namespaces/east/input/resources/dropped.yaml", dropped);
  await eventually(async () => /Access token dropped in east/.test(await page(sandbox)));
});

async function operationsUrl(sandbox: Sandbox): Promise<string> {
  const { stdout } = await sandbox.succeed(["controller", "status", "-o", "json"]);
  return JSON.parse(stdout).operationsUrl;
}

async function page(sandbox: Sandbox): Promise<string> {
  return await (await fetch(`${await operationsUrl(sandbox)}/`)).text();
}

test(
  "the page shows sites, uses, links and what is wrong, and no secret",
  shared.use(async (sandbox) => {
    const text = await page(sandbox);
    assert.match(text, /<h2>east<\/h2>/);
    assert.match(text, /<td>1 of 2<\/td>/);
    assert.match(text, /<span class="good">redeemed<\/span>/);
    assert.match(text, /<span class="bad">refused<\/span>/);
    assert.match(text, /<title>hawser: \d to look at<\/title>/);
    assertNoSecrets(sandbox.folder, [text]);
  }),
);

test(
  "the page is for those who ask this machine by its own name",
  shared.use(async (sandbox) => {
    const url = await operationsUrl(sandbox);
    const ask = (host: string) =>
      new Promise<number>((resolve, reject) => {
        request(url, { headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode!);
        }).on("error", reject).end();
      });
    assert.equal(await ask(new URL(url).host), 200);
    assert.equal(await ask("localhost"), 200);
    assert.equal(await ask("grants.example"), 403);
    assert.equal(await ask("localhost.example:80"), 403);
  }),
);

test(
  "a browser shows the page, styled and without an error, on a phone and in the dark (needs chromium)",
  { skip },
  shared.use(async (sandbox) => {
    const words = [
      "--headless",
      "--disable-gpu",
      "--enable-logging=stderr",
      "--window-size=390,900",
    ]
      .concat(isRoot ? ["--no-sandbox"] : [], "--blink-settings=preferredColorScheme=0");
    const url = `${await operationsUrl(sandbox)}/`;
    const shown = await sandbox.run("chromium", [...words, "--dump-dom", url]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /<h2>Last redemptions and refusals<\/h2>/);
    assert.doesNotMatch(shown.stderr, /CONSOLE|Content Security Policy/);
  }),
);

test("what was printed and left behind holds no secret", shared.end);
