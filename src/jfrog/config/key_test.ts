import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { findEncryptionKey } from "./key.ts";

const key = "randomkeywithlengthofexactly32!!";

describe("findEncryptionKey()", () => {
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "key-"));
    await mkdir(join(home, "security"));
  });
  afterEach(() => rm(home, { recursive: true }));

  const securityFile = () => join(home, "security", "security.yaml");
  const find = (value?: string) =>
    findEncryptionKey(value === undefined ? {} : { JFROG_CLI_ENCRYPTION_KEY: value }, home);

  test("finds none where there is none", async () => {
    assert.equal(await find(), undefined);
  });

  test("takes the variable, and an empty one as no encryption, whatever the file says", async () => {
    await writeFile(securityFile(), `masterKey: ${key}`);
    const other = key.toUpperCase();
    assert.deepEqual(await find(other), { key: other, source: "JFROG_CLI_ENCRYPTION_KEY" });
    assert.equal(await find(""), undefined);
  });

  test("reads a .key file that the variable names", async () => {
    const file = join(home, "my.key");
    await writeFile(file, `  ${key}\n`);
    assert.deepEqual(await find(file), { key, source: file });
    await assert.rejects(find(join(home, "none.key")), { code: "file-not-found" });
    await mkdir(join(home, "folder.key"));
    await assert.rejects(find(join(home, "folder.key")), { code: "not-readable" });
  });

  test("reads masterKey of the security file, in any case", async () => {
    for (const name of ["masterKey", "masterkey", "MASTERKEY"]) {
      await writeFile(securityFile(), `version: "1"\n${name}: "${key}"\n`);
      assert.deepEqual(await find(), { key, source: securityFile() });
    }
  });

  test("refuses a key that is missing, no text, or of the wrong length, without saying it", async () => {
    const refused: [text: string, why: string][] = [
      ["", "it has no masterKey"],
      ["version: 1", "it has no masterKey"],
      ["masterKey:", "it has no masterKey"],
      ["masterKey: 12345678901234567890123456789012", "masterKey must be text: put it in quotes"],
      ["masterKey: canary", "it must have exactly 32 bytes, not 6"],
      [`masterKey: ${key.replace("r", "ř")}`, "it must have exactly 32 bytes, not 33"],
    ];
    for (const [text, why] of refused) {
      await writeFile(securityFile(), text);
      await assert.rejects(find(), {
        code: "jfrog-key-invalid",
        message: `Invalid encryption key in ${securityFile()}: ${why}`,
      });
    }
    await writeFile(securityFile(), 'masterKey: "canary');
    await assert.rejects(find(), (error: Error) => !error.message.includes("canary"));
    await assert.rejects(find("canary"), {
      message:
        "Invalid encryption key in JFROG_CLI_ENCRYPTION_KEY: it must have exactly 32 bytes, not 6",
    });
  });
});
