import assert from "node:assert/strict";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { type Sandbox, shareSandbox } from "../stage/harness.ts";
import { listGrants, prepareSites } from "../stage/sites.ts";

const linksInSouth = 1500;

const shared = shareSandbox(async (sandbox) => {
  await prepareSites(sandbox, "east", "south");
  const link = (_: unknown, i: number) =>
    `---
apiVersion: skupper.io/v2alpha1
kind: Link
metadata: { name: link-${String(i).padStart(4, "0")} }
spec: { endpoints: [{ name: edge, host: 192.0.2.1, port: "45671" }] }
`;
  const text = Array.from({ length: linksInSouth }, link).join("");
  sandbox.write("data/namespaces/south/input/resources/links.yaml", text);
});

/** Runs a line of shell, with its pipes, as a user types it. */
function shell(sandbox: Sandbox, line: string, env: Record<string, string | undefined> = {}) {
  return sandbox.run("bash", ["-o", "pipefail", "-c", line], { env });
}

test(
  "a token goes from one site to the other through a pipe, and stdout carries nothing else",
  shared.use(async (sandbox) => {
    const issue = ["token", "issue", "-", "-n", "west", "--redemptions-allowed", "2"];
    const issued = await sandbox.hawser(issue, { printsToken: true });
    assert.equal(issued.code, 0);
    assert.match(issued.stdout, /^apiVersion: skupper\.io\/v2alpha1\nkind: AccessToken\n/);
    assert.match(
      issued.stderr,
      // a wait of two seconds, on a busy machine, is told by a line more
      /^Waiting for status\.\.\.\n(Waiting for .*\n)*Access grant "west-\w+" is ready\.\nhint: /,
    );
    const redeem = ["token", "redeem", "-", "-n", "east"];
    const { stdout } = await sandbox.succeed(redeem, { stdin: issued.stdout });
    assert.match(stdout, /^Link "west-\w{5}" is configured\.\n$/);

    for (const format of ["json", "yaml"]) {
      const other = await sandbox.hawser([...issue, "-o", format], { printsToken: true });
      assert.equal(other.stderr, "");
      const piped = await sandbox.succeed([...redeem, "-o", "json"], { stdin: other.stdout });
      assert.match(JSON.parse(piped.stdout).token, /^west-/);
    }
    const piped = "hawser token issue - -n west | hawser token redeem - -n east";
    assert.match((await shell(sandbox, piped)).stdout, /^Link "west-\w{5}" is configured\.\n$/);
  }),
);

test(
  "a reader that closes early is no failure",
  shared.use(async (sandbox) => {
    for (const format of ["text", "json", "yaml"]) {
      const { code, stdout, stderr } = await shell(
        sandbox,
        `hawser link status -n south -o ${format} | head -c 10`,
      );
      assert.equal(stdout.length, 10);
      assert.equal(stderr, "");
      assert.equal(code, 0);
    }
  }),
);

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  for (const output of ["standard output", "standard output and error"]) {
    test(
      `${signal} ends a command whose ${output} nobody reads`,
      shared.use(async (sandbox) => {
        const folder = fs.mkdtempSync(path.join(sandbox.folder, "full-"));
        const started = path.join(folder, "started");
        const line = `mkfifo ${folder}/full; ` +
          `(head -c 1 >${started}; exec sleep 600) <${folder}/full & ` +
          `exec hawser link status -n south -o json >${folder}/full` +
          (output.endsWith("error") ? " 2>&1" : "");
        const running = sandbox.launch("bash", ["-c", line]);
        await eventually(() => fs.existsSync(started) && fs.statSync(started).size > 0);
        process.kill(running.process.pid!, signal);
        assert.equal((await once(running.process, "exit"))[0], code);
      }),
    );
  }
}

test(
  "a long result comes whole through a slow pipe",
  shared.use(async (sandbox) => {
    const status = "hawser link status -n south -o json";
    const whole = await shell(sandbox, status);
    assert.equal(JSON.parse(whole.stdout).length, linksInSouth);
    assert.ok(whole.stdout.length > 500_000);
    // dd takes little at a time, and begins only when the pipe has been full for long
    const slow = await shell(sandbox, `${status} | (sleep 0.5; dd bs=4096 status=none)`);
    assert.equal(slow.stdout, whole.stdout);
    assert.equal(slow.code, 0);
  }),
);

test(
  "standard input that can't be read is told, and is no defect",
  shared.use(async (sandbox) => {
    await sandbox.succeed(["config", "add", "acme", "--url", "https://127.0.0.1:1"]);
    for (
      const line of [
        "token inspect -",
        "token redeem - -n east",
        "config import -",
        "config add a --interactive",
        "config remove acme",
        "access-token inspect -",
        "atc --url https://127.0.0.1:1 --access-token-stdin",
        "config add a --url https://127.0.0.1:1 --password-stdin --user u",
      ]
    ) {
      const { code, stderr } = await shell(sandbox, `hawser ${line} < .`);
      assert.match(stderr, /^error: Cannot read standard input: it is a folder$/m, line);
      assert.equal(code, 1);
    }
  }),
);

test(
  "a token for a standard output that is closed is not issued",
  shared.use(async (sandbox) => {
    const before = await listGrants(sandbox);
    const { code, stderr } = await shell(sandbox, "hawser token issue - -n west >&-");
    assert.match(stderr, /^error: Cannot write standard output: it is closed$/m);
    assert.equal(code, 1);
    assert.deepEqual(await listGrants(sandbox), before);
    assert.equal((await shell(sandbox, "hawser token issue - -n west > /dev/null")).code, 0);
  }),
);

test(
  "closed streams are no failure",
  shared.use(async (sandbox) => {
    assert.equal((await shell(sandbox, "hawser version >&-")).code, 0);
    assert.equal((await shell(sandbox, "hawser version 2>&-")).code, 0);
    assert.equal((await shell(sandbox, "hawser token inspect - <&-")).code, 2);
  }),
);

test(
  "a device that is full is told, since the result is lost",
  shared.use(async (sandbox) => {
    const { code, stderr } = await shell(sandbox, "hawser version > /dev/full");
    assert.match(stderr, /^error: Cannot write .*: .*\n$/);
    assert.equal(code, 1);
  }),
);

/** Runs the command on a terminal of its own, and returns all that came on it. */
async function onTerminal(
  sandbox: Sandbox,
  command: string,
  env: Record<string, string | undefined> = {},
): Promise<{ code: number | null; screen: string }> {
  const { code, stdout } = await sandbox.run("script", ["-qec", command, "/dev/null"], {
    env: { TERM: "xterm", ...env },
  });
  return { code, screen: stdout };
}

test(
  "help fits a terminal of any width",
  shared.use(async (sandbox) => {
    const texts = ["--help", "token issue --help", "controller run --help", "help tokens"];
    for (const width of [40, 80]) {
      for (const text of [...texts, "help exit-codes", "help environment"]) {
        const { code, screen } = await onTerminal(sandbox, `stty cols ${width}; hawser ${text}`);
        assert.equal(code, 0, screen);
        const wide = screen.split(/\r?\n/).filter((line) => line.length > width);
        assert.deepEqual(wide, [], `${text} at ${width} columns`);
        assert.match(screen, /hawser|CODE|HAWSER_/);
      }
    }
  }),
);

const awaitGrant = "hawser token issue t.yaml -n west --timeout 1s";
const clearLine = "\r\x1b[K";
const spinner = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/;

test(
  "on a terminal a wait shows a live line, which ends as an ordinary one",
  shared.use(async (sandbox) => {
    const quick = await onTerminal(sandbox, awaitGrant.replace("1s", "60s"));
    assert.equal(quick.code, 0, quick.screen);
    const shown = quick.screen.split(clearLine).at(-1)!;
    assert.match(shown, /^Waiting for .*\.\.\.\r\nAccess grant "/);

    const timedOut = await withoutAnswer(sandbox, () => onTerminal(sandbox, awaitGrant));
    assert.equal(timedOut.code, 124, timedOut.screen);
    assert.match(timedOut.screen, spinner);
    const end = timedOut.screen.split(clearLine).at(-1)!;
    const error =
      "Waiting for status...\r\n\x1b[31merror\x1b[0m: Timed out after 1s waiting for access grant";
    assert.ok(end.startsWith(error), JSON.stringify(end));

    const longer = awaitGrant.replace("1s", "7s");
    const { screen } = await withoutAnswer(sandbox, () => onTerminal(sandbox, longer));
    assert.match(screen, /Waiting for access grant .* \(\ds, \ds left\)/);
  }),
);

const plain: [string, Record<string, string | undefined>][] = [
  ["NO_COLOR", { NO_COLOR: "1" }],
  ["TERM=dumb", { TERM: "dumb" }],
  ["CI", { CI: "true" }],
];

for (const [what, env] of plain) {
  test(
    `with ${what} a wait shows plain lines, on a terminal too`,
    shared.use(async (sandbox) => {
      const { screen } = await withoutAnswer(
        sandbox,
        () => onTerminal(sandbox, awaitGrant, { NO_COLOR: undefined, CI: undefined, ...env }),
      );
      assert.match(screen, /^Waiting for status\.\.\.\r\nerror: Timed out/);
      assert.doesNotMatch(screen, spinner);
      assert.ok(!screen.includes("\x1b"), screen);
    }),
  );
}

test(
  "a result fits the terminal, and is whole where it goes elsewhere",
  shared.use(async (sandbox) => {
    const show = "hawser site status -n west";
    const narrow = await onTerminal(sandbox, `stty cols 40 && ${show}`, { NO_COLOR: "1" });
    const lines = narrow.screen.replaceAll("\r", "").split("\n");
    for (const line of lines) assert.ok(line.length <= 40, narrow.screen);
    const whole = (await sandbox.succeed(show.split(" ").slice(1))).stdout;
    assert.ok(whole.split("\n").some((line) => line.length > 40), whole);
    const words = (text: string) => text.split(/\s+/).filter(Boolean);
    assert.deepEqual(words(lines.join("\n")), words(whole));
  }),
);

test(
  "off a terminal no byte but text is printed",
  shared.use(async (sandbox) => {
    const { stdout, stderr } = await withoutAnswer(
      sandbox,
      () => sandbox.hawser(awaitGrant.split(" ").slice(1)),
    );
    assert.equal(stdout, "");
    assert.match(stderr, /^Waiting for status\.\.\.\nerror: Timed out after 1s [\n\x20-\x7e]*$/);
  }),
);

/** A controller that says nothing, as long as `body` runs: whoever issues a token waits. */
async function withoutAnswer<T>(sandbox: Sandbox, body: () => Promise<T>): Promise<T> {
  const { stdout } = await sandbox.succeed(["controller", "status", "-o", "json"]);
  const { pid } = JSON.parse(stdout);
  process.kill(pid, "SIGSTOP");
  try {
    return await body();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

test("what was printed and left behind holds no secret", shared.end);
