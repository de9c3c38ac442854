import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { run } from "../../../test/fakes/world.ts";

const atc = ["atc", "--url", "https://acme.example", "--dry-run"];

test("a secret is read from stdin, trimmed, and shown nowhere", async () => {
  const { code, stdout, stderr } = await run([...atc, "--access-token-stdin"], {
    stdin: " hunter2\n",
  });
  assert.equal(code, 0);
  assert.match(stdout, /^Authorization: Bearer \*\*\*$/m);
  assert.ok(!(stdout + stderr).includes("hunter2"));
});

test("a token is read as it is often given: wrapped, quoted, as a header, from PowerShell", async () => {
  const token = "header.pay-load.signature".repeat(8);
  const wrapped = `${token.replaceAll(/.{64}/g, "$&\r\n")}\r\n`;
  for (const text of [wrapped, `"${token}"\n`, `Bearer ${token}`, `\uFEFF${token}`]) {
    const ways: [string[], object][] = [
      [["--access-token-stdin"], { stdin: text }],
      [["--access-token", text], {}],
      [[], { env: { JFROG_CLI_ACCESS_TOKEN: text } }],
    ];
    for (const [args, options] of ways) {
      const { code, stderr } = await run([...atc, ...args], options);
      assert.equal(code, 0, stderr);
    }
  }
});

test("a secret in UTF-16 is read, and one in no known encoding refused", async () => {
  const utf16 = Buffer.from(`\uFEFFhunter2\r\n`, "utf16le");
  const args = [...atc, "--user=u", "--password-stdin"];
  assert.equal((await run(args, { stdin: utf16 })).code, 0);
  const { code, stderr } = await run(args, { stdin: Buffer.from("p\xe4ss\n", "latin1") });
  assert.equal(code, 2);
  assert.match(stderr, /^error: The password on standard input is not UTF-8 text\n/);
});

test("nobody is made to type a secret where it shows", async () => {
  for (const name of ["access-token", "password"]) {
    const args = [...atc, "--user", "a", `--${name}-stdin`];
    const env = { NO_COLOR: "1" };
    const { code, stderr } = await run(args, { terminal: true, stdin: "hunter2", env });
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`^error: There is no ${name} on standard input\nhint: `));
  }
});

test("a secret is given once, and is no book", async () => {
  const twice = await run([...atc, "--access-token=x", "--access-token-stdin"], { stdin: "y" });
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /--access-token and --access-token-stdin do not go together/);
  const long = await run([...atc, "--access-token-stdin"], { stdin: "y".repeat(100_000) });
  assert.match(long.stderr, /^error: The access-token on standard input is too long\n/);
});

test("others can see an argument, which jf does not mention", async () => {
  const args = [...atc, "--access-token", "hunter2"];
  assert.match(
    (await run(args)).stderr,
    /^warning: Others on this machine can see --access-token;/,
  );
  assert.equal((await run(args, { program: "jf" })).stderr, "");
});
