import assert from "node:assert/strict";
import * as fs from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { type CallOptions, type Sandbox, shareSandbox } from "../stage/harness.ts";

/** A program that says what it is given, and ends as it is told. */
const real = `#!/bin/sh
printf '%s|' "$0" "$@"
echo "tls $NODE_TLS_REJECT_UNAUTHORIZED"
grep SigIgn /proc/self/status
cat
echo said >&2
case $END in signal) kill -TERM $$;; wait) trap 'echo heard; exit 7' TERM; echo up >&2; while :; do sleep 0.05; done;; esac
exit 42
`;

const shared = shareSandbox((sandbox) => {
  for (const name of ["jf", "skupper"]) sandbox.write(`real/${name}`, real, 0o755);
  sandbox.write("older/jfrog", real, 0o755);
  return Promise.resolve();
});

/** Each name, the variable that names the real program, and a command that it alone has. */
const names = [
  { calledAs: "jf", variable: "HAWSER_REAL_JF", words: ["rt", "u"], code: 1 },
  { calledAs: "skupper", variable: "HAWSER_REAL_SKUPPER", words: ["connector"], code: 2 },
] as const;

/** PATH with the sandbox's own folder, and others of it. */
function pathOf({ folder }: Sandbox, ...folders: string[]): string {
  return ["bin", ...folders].map((name) => `${folder}/${name}`).concat("/usr/bin", "/bin")
    .join(":");
}

for (const { calledAs, variable, words, code } of names) {
  /** The call of a command that is not here, with the variable set to that. */
  const call = (
    sandbox: Sandbox,
    value: string,
    options: CallOptions = {},
    args: string[] = [...words],
  ) => sandbox.hawser(args, { calledAs, ...options, env: { ...options.env, [variable]: value } });

  test(
    `${calledAs}: arguments, streams, environment and exit code are the real program's own`,
    shared.use(async (sandbox) => {
      const program = `${sandbox.folder}/real/${calledAs}`;
      const args = [...words, "a b", "", "--flat=false", "-x", "*\n", "--help"];
      const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0", BUN_OPTIONS: "--version" };
      const outcome = await call(sandbox, program, { env, stdin: "input" }, args);
      const [given, ignored = "", input] = outcome.stdout.split(/\|tls 0\nSigIgn:\t(.*)\n/);
      assert.deepEqual(given, [program, ...args].join("|"));
      // the runtime ignores SIGPIPE and SIGXFSZ, and nobody inherits that
      assert.equal(BigInt(`0x${ignored}`) & 0x1001000n, 0n);
      assert.equal(input, "input");
      assert.deepEqual([outcome.code, outcome.stderr], [42, "said\n"]);
    }),
  );

  test(
    `${calledAs}: signals reach the real program, and its end by one is ours`,
    shared.use(async (sandbox) => {
      const program = `${sandbox.folder}/real/${calledAs}`;
      const ended = await call(sandbox, program, { env: { END: "signal" } });
      assert.deepEqual([ended.code, ended.signal], [null, "SIGTERM"]);
      const env = { [variable]: program, END: "wait" };
      const running = sandbox.start([...words], { calledAs, env });
      await new Promise<void>((resolve) => {
        running.process.stderr!.on("data", (text: string) => text.includes("up") && resolve());
      });
      process.kill(running.process.pid!, "SIGTERM");
      const { code, signal, stdout } = await running.ended;
      assert.deepEqual([code, signal], [7, null]);
      assert.match(stdout, /heard\n$/);
    }),
  );

  test(
    `${calledAs}: auto is the next of that name in PATH that is not this one`,
    shared.use(async (sandbox) => {
      fs.mkdirSync(`${sandbox.folder}/link-${calledAs}`);
      fs.symlinkSync("../bin/hawser", `${sandbox.folder}/link-${calledAs}/${calledAs}`);
      const PATH = pathOf(sandbox, `link-${calledAs}`, "nowhere", "real");
      const found = await call(sandbox, "auto", { env: { PATH } });
      assert.equal(found.code, 42);
      assert.ok(found.stdout.startsWith(`${sandbox.folder}/real/${calledAs}|`));
      const none = await call(sandbox, "auto", { env: { PATH: pathOf(sandbox) } });
      assert.equal(
        none.stderr,
        `error: The command can't be handed over to the next ${calledAs} in PATH: there is none but hawser\n` +
          `hint: ${variable} names the program that has it, or is auto for the next in PATH.\n`,
      );
    }),
  );

  test(
    `${calledAs}: nothing goes round in circles`,
    shared.use(async (sandbox) => {
      const us = `${sandbox.folder}/bin/${calledAs}`;
      const wrapper = (words: string) => `#!/bin/sh\n${words} ${us} "$@"\n`;
      const table: [string, RegExp][] = [
        [us, /\/bin\/\w+: that is hawser\n/],
        [sandbox.write(`wrap/exec-${calledAs}`, wrapper("exec"), 0o755), /it leads back to hawser/],
        [sandbox.write(`wrap/run-${calledAs}`, wrapper("env"), 0o755), /it leads back to hawser/],
      ];
      for (const [value, said] of table) {
        const outcome = await call(sandbox, value);
        assert.match(outcome.stderr, said);
        assert.notEqual(outcome.code, 0);
      }
      const copy = `${sandbox.folder}/copy-${calledAs}`;
      fs.mkdirSync(copy);
      fs.copyFileSync(`${sandbox.folder}/bin/hawser`, `${copy}/${calledAs}`);
      for (const more of [["real"], []]) {
        const PATH = pathOf(sandbox, `copy-${calledAs}`, ...more);
        const { code, stderr } = await call(sandbox, "auto", { env: { PATH } });
        if (more.length === 1) assert.equal(code, 42, stderr);
        else assert.match(stderr, /it leads back to hawser/);
      }
      fs.rmSync(copy, { recursive: true });
    }),
  );

  test(
    `${calledAs}: what can't be handed over is said`,
    shared.use(async (sandbox) => {
      sandbox.write("bad/text", "no program\n", 0o755);
      sandbox.write("bad/closed", real, 0o644);
      const table: [string, string][] = [
        ["/nowhere/jf", "it does not exist"],
        [`${sandbox.folder}/bad/text`, "it is no program for this machine"],
        [`${sandbox.folder}/bad/closed`, "permission denied"],
        [`${sandbox.folder}/bad`, "permission denied"],
      ];
      for (const [value, why] of table) {
        const outcome = await call(sandbox, value, { env: { HAWSER_EXIT_CODES: "1" } });
        const message = `error: The command can't be handed over to ${value}: ${why}\n`;
        assert.ok(outcome.stderr.startsWith(message), outcome.stderr);
        assert.equal(outcome.code, 3);
      }
      const relative = await call(sandbox, "bin/jf", { env: { HAWSER_EXIT_CODES: "1" } });
      assert.equal(relative.code, 2);
      assert.match(relative.stderr, /it must be auto, or the absolute path of a program\n$/);
    }),
  );

  test(
    `${calledAs}: nothing is handed over unless asked for, nor what is here`,
    shared.use(async (sandbox) => {
      const PATH = pathOf(sandbox, "real");
      for (const value of [undefined, ""]) {
        const plain = await sandbox.hawser([...words, "x"], {
          calledAs,
          env: { PATH, [variable]: value },
        });
        assert.equal(plain.code, code);
        assert.match(plain.stderr, new RegExp(`^error: This ${calledAs} is hawser, which has no `));
        assert.match(
          plain.stderr,
          new RegExp(`\\n?hint: .*; ${variable}=auto hands such commands`),
        );
      }
      const help = await sandbox.succeed(["--help"], { calledAs });
      assert.match(
        help.stdout.replaceAll("\n", " "),
        new RegExp(`real ${calledAs} if ${variable} `),
      );
      for (const args of [["version"], ["--version"], ["--help"], ["help"], []]) {
        const ours = await call(sandbox, "auto", { env: { PATH } }, args);
        assert.ok(!ours.stdout.includes("SigIgn"), args.join(" "));
      }
    }),
  );
}

test(
  "jf: an older installation's jfrog is found, and jf's own completion is asked",
  shared.use(async (sandbox) => {
    const env = { HAWSER_REAL_JF: "auto", PATH: pathOf(sandbox, "older") };
    const older = await sandbox.hawser(["bi"], { calledAs: "jf", env });
    assert.ok(older.stdout.startsWith(`${sandbox.folder}/older/jfrog|bi|`));
    const words = ["c", "--generate-bash-completion"];
    const completed = await sandbox.hawser(words, { calledAs: "jf", env });
    assert.ok(completed.stdout.startsWith(`${sandbox.folder}/older/jfrog|c|`));
  }),
);

test(
  "a slip that may be a secret is not repeated, and one that is close to a command is mended",
  shared.use(async (sandbox) => {
    const secret = await sandbox.hawser(["Canary/1"], { calledAs: "jf" });
    assert.match(secret.stderr, /^error: This jf is hawser, which has no such command: /);
    const slip = await sandbox.hawser(["confg", "show"], { calledAs: "jf" });
    assert.match(slip.stderr, /\nhint: Did you mean config\? JFrog's own jf is needed for that; /);
  }),
);

test(
  "skupper: what Skupper's own has is no slip of a command here",
  shared.use(async (sandbox) => {
    for (const word of ["connector", "debug", "listener", "man", "manifest", "system"]) {
      const { code, stderr } = await sandbox.hawser([word], { calledAs: "skupper" });
      assert.equal(code, 2);
      assert.match(stderr, /\nhint: Skupper's own skupper is needed for that; /, word);
    }
    const slip = await sandbox.hawser(["linkk"], { calledAs: "skupper" });
    assert.match(slip.stderr, /\nhint: Did you mean link\? Skupper's own skupper is needed /);
  }),
);

test("nothing was left behind", shared.end);
