import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { type Sandbox, shareSandbox } from "../stage/harness.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

const shared = shareSandbox(async (sandbox) => {
  await prepareSites(sandbox, "east");
  await issueToken(sandbox, "redeemed.yaml");
  await sandbox.succeed(["token", "redeem", "redeemed.yaml", "-n", "east"]);
});

/** What a real bash offers for a line that ends where the cursor is. */
async function complete(sandbox: Sandbox, line: string, calledAs: string): Promise<string> {
  const words = line.split(" ");
  const script = `source <(${calledAs} completion bash)
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length - 1}
    $(complete -p ${calledAs} | sed -E 's/.*-F (\\S+) .*/\\1/')
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { code, stdout, stderr } = await sandbox.run("bash", ["-c", script]);
  assert.equal(code, 0, stderr);
  return stdout.trim().replaceAll("\n", " ");
}

test(
  "bash completes commands, options and their values",
  shared.use(async (sandbox) => {
    await sandbox.hawser(["version"], { calledAs: "skupper" });
    for (const calledAs of ["hawser", "skupper"]) {
      const table: [string, string][] = [
        ["tok", "token"],
        ["token ", "inspect issue redeem status"],
        ["token issue --red", "--redemptions-allowed"],
        ["token redeem --wait ", "ready redeemed"],
        ["-p linux site cr", "create"],
        ["site status -o ", "json name text yaml"],
        ["help gr", "grant"],
        ["--platform = li", "linux"],
      ];
      for (const [line, wanted] of table) {
        assert.equal(await complete(sandbox, `${calledAs} ${line}`, calledAs), wanted, line);
      }
    }
  }),
);

/** What the shells' scripts ask for words that end where the cursor is. */
async function candidates(sandbox: Sandbox, ...words: string[]): Promise<string[]> {
  const args = ["completion", "candidates", "--", ...words];
  return (await sandbox.succeed(args)).stdout.split("\n").filter(Boolean);
}

test(
  "names of what is there are completed, and nothing where nothing answers",
  shared.use(async (sandbox) => {
    assert.deepEqual(await candidates(sandbox, "site", "status", "-n", ""), ["east", "west"]);
    assert.deepEqual(await candidates(sandbox, "--namespace=w"), ["--namespace=west"]);
    assert.deepEqual(await candidates(sandbox, "get", "-n", "west", "acc"), [
      "accessgrants",
      "accesstokens",
    ]);
    assert.deepEqual(await candidates(sandbox, "describe", "st", "-n", "west", ""), ["west"]);
    assert.deepEqual(await candidates(sandbox, "delete", "sites", "-n", "east", ""), ["east"]);
    assert.deepEqual(await candidates(sandbox, "get", "pods", "-n", "east", ""), []);
    const [link] = JSON.parse(
      (await sandbox.succeed(["link", "status", "-n", "east", "-o", "json"])).stdout,
    );
    const name = link.metadata.name;
    const links = await candidates(sandbox, "link", "delete", "-n", "east", "we");
    assert.ok(links.includes(name), links.join());
    const grants = await candidates(sandbox, "-n", "west", "token", "issue", "--grant", "");
    assert.ok(grants.includes(name), grants.join());
    assert.deepEqual(await candidates(sandbox, "site", "delete", "-n", "east", ""), ["east"]);
    const contexts = ["west", "east"].map((name) => ({ name, context: { cluster: "c" } }));
    sandbox.write("home/.kube/config", JSON.stringify({ contexts }));
    assert.deepEqual(await candidates(sandbox, "site", "status", "-c", ""), ["east", "west"]);
    const servers = [{ serverId: "acme", url: "https://acme.example/" }];
    sandbox.write("home/.jfrog/jfrog-cli.conf.v6", JSON.stringify({ servers, version: "6" }));
    assert.deepEqual(await candidates(sandbox, "config", "use", ""), ["acme"]);
    assert.deepEqual(await candidates(sandbox, "rt", "ping", "--server-id", "a"), ["acme"]);
    assert.deepEqual(await candidates(sandbox, "link", "delete", "-p", "kubernetes", ""), []);
  }),
);

/** How each shell is told of the completion, as a user would, before it starts. */
const installed: Record<string, (sandbox: Sandbox) => Promise<void>> = {
  async zsh(sandbox) {
    const { stdout } = await sandbox.succeed(["completion", "zsh"]);
    const file = sandbox.write("home/functions/_hawser", stdout);
    sandbox.write(
      "home/.zshrc",
      `fpath=(${path.dirname(file)} $fpath)\nautoload -Uz compinit; compinit -u\n`,
    );
  },
  async fish(sandbox) {
    const { stdout } = await sandbox.succeed(["completion", "fish"]);
    sandbox.write("home/.config/fish/completions/hawser.fish", stdout);
  },
  async bash(sandbox) {
    const { stdout } = await sandbox.succeed(["completion", "bash"]);
    sandbox.write("home/.bashrc", stdout);
  },
};

/** What is typed before TAB, and what then stands on the line. */
const typed: [string, string][] = [
  ["tok", "token "],
  ["token iss", "token issue "],
  ["site status -n we", "site status -n west "],
  ["token issue --red", "token issue --redemptions-allowed "],
  ["--platform=li", "--platform=linux "],
  ["help exit", "help exit-codes "],
  ["token redeem redee", "token redeem redeemed.yaml "],
];

for (const shell of Object.keys(installed)) {
  test(
    `${shell} completes commands, options, names of what is there and files, on a terminal`,
    shared.use(async (sandbox) => {
      await installed[shell]!(sandbox);
      const keyboard = path.join(sandbox.folder, `keyboard-${shell}`);
      spawnSync("mkfifo", [keyboard]);
      const script = `script -qec 'stty cols 120; exec ${shell} -i' /dev/null < ${keyboard}`;
      const limited = ["--kill-after=1", "400", "sh", "-c", script];
      const terminal = sandbox.launch("timeout", limited, { env: { TERM: "xterm" } });
      let screen = "";
      terminal.process.stdout!.on("data", (text: string) => screen += text);
      const keys = fs.openSync(keyboard, "r+");
      /** A shell that is not ready yet may drop what is typed: then it is typed again. */
      async function typeUntil(text: string, shown: string): Promise<void> {
        screen = "";
        let typedAt = -Infinity;
        await eventually(() => {
          if (performance.now() - typedAt > 5000) {
            fs.writeSync(keys, `\x15${text}`);
            typedAt = performance.now();
          }
          return shownOn(screen).includes(shown);
        }, () => `${text}: ${JSON.stringify(screen)}`);
      }
      try {
        await typeUntil("echo it-is-''ready\r", "it-is-ready");
        for (const [line, completed] of typed) {
          await typeUntil(`hawser ${line}\t`, `hawser ${completed}`);
        }
      } finally {
        fs.writeSync(keys, "\x15exit\r");
        await terminal.ended;
        fs.closeSync(keys);
      }
    }),
  );
}

/** The text of what went to a terminal, without what moves its cursor and colours it. */
function shownOn(screen: string): string {
  // deno-lint-ignore no-control-regex -- they are what is taken out
  return screen.replace(/\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]|[\r\x08]/g, "");
}

test("what was printed and left behind holds no secret", shared.end);
