import assert from "node:assert/strict";
import { test } from "node:test";
import { writeColoured } from "./state_colours.ts";

async function shown(
  text: string,
  { isTerminal = true, env = {} }: { isTerminal?: boolean; env?: Record<string, string> } = {},
): Promise<string> {
  let screen = "";
  const write = (text: string) => {
    screen += text;
    return Promise.resolve();
  };
  const steer = (sequence: string, text: string) => write(sequence + text);
  await writeColoured({ isTerminal, write, steer, deliver: write }, text, env);
  return screen;
}

test("a state that is a cell or a label has its colour, and the same word in a message has none", async () => {
  assert.equal(
    await shown("NAME  STATUS   MESSAGE\na     Ready    -\nb     Pending  No Ready site\n"),
    "NAME  STATUS   MESSAGE\na     \x1b[32mReady\x1b[0m    -\n" +
      "b     \x1b[33mPending\x1b[0m  No Ready site\n",
  );
  assert.equal(await shown("error: It is Error"), "\x1b[31merror\x1b[0m: It is Error");
  assert.equal(
    await shown("Router:  not running (start it)"),
    "Router:  \x1b[31mnot running\x1b[0m (start it)",
  );
});

for (const env of [{ NO_COLOR: "1" }, { CI: "true" }, { TERM: "dumb" }]) {
  test(`${Object.keys(env)} keeps colours off`, async () => {
    assert.equal(await shown("ok  all\n", { env: env as Record<string, string> }), "ok  all\n");
  });
}

test("what is no terminal gets plain text", async () => {
  assert.equal(await shown("ok  all\n", { isTerminal: false }), "ok  all\n");
});
