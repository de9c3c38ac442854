import assert from "node:assert/strict";
import { test } from "node:test";
import { shareSandbox } from "../stage/harness.ts";

const shared = shareSandbox(async (sandbox) => {
  await sandbox.succeed(["site", "create", "west", "-n", "west"]);
});

test(
  "a variable stands in for an option, and the option wins",
  shared.use(async (sandbox) => {
    const env = { HAWSER_NAMESPACE: "west", HAWSER_OUTPUT: "json" };
    const { stdout } = await sandbox.succeed(["site", "status"], { env });
    assert.match(stdout, /"name": "west"/);
    const other = await sandbox.hawser(["site", "status", "-n", "east", "-o", "text"], { env });
    assert.match(other.stderr, /^error: .*"east"/m);
  }),
);

test(
  "a variable that the option would not take is refused by its name",
  shared.use(async (sandbox) => {
    const env = { HAWSER_TIMEOUT: "soon" };
    const { code, stderr } = await sandbox.hawser(["token", "issue", "-", "-n", "west"], { env });
    assert.equal(code, 2);
    assert.match(stderr, /^error: Invalid value "soon" for HAWSER_TIMEOUT: it must be a duration/);
  }),
);

for (const shell of ["sh", "bash"]) {
  test(
    `${shell} sources the exit codes`,
    shared.use(async (sandbox) => {
      const { stdout } = await sandbox.succeed(["help", "exit-codes", "--shell"]);
      sandbox.write("codes.sh", stdout);
      const script = `. ./codes.sh
        hawser token redeem none.yaml 2>/dev/null || [ $? = $HAWSER_EXIT_NOT_FOUND ]
        hawser_retryable $HAWSER_EXIT_UNREACHABLE
        ! hawser_retryable $HAWSER_EXIT_SPENT
        ! hawser_retryable 0
        (exit 5) || { hawser_retryable $? && echo again; } || [ $? = 5 ]`;
      const { code, stderr } = await sandbox.run(shell, ["-euc", script]);
      assert.equal(code, 0, stderr);
    }),
  );
}

test("nothing was left", shared.end);
