import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { type Arch, refusePrefix } from "./prefix_comparison.ts";

const prefix = "ABC_DEF_";

/** Code that compares a text with that, letter by letter. */
const compare: Record<Arch, (text: string) => Buffer> = {
  // cmp byte [r14+i], letter; jne -32
  x64: (text) =>
    Buffer.from(
      [...text].flatMap((letter, i) => [0x41, 0x80, 0x7e, i, letter.charCodeAt(0), 0x75, 0xe0]),
    ),
  // ldrb w8, [x0, #i]; cmp w8, #letter; b.ne -32
  arm64: (text) => {
    const words = [...text].flatMap((letter, i) => [
      0x3940_0008 | i << 10,
      0x7100_011f | letter.charCodeAt(0) << 10,
      0x54ff_ff01,
    ]);
    return Buffer.concat(words.map((word) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(word >>> 0);
      return bytes;
    }));
  },
};

for (const arch of ["x64", "arm64"] as const) {
  const code = compare[arch];
  const noise = Buffer.alloc(64, 0x41);

  test(`refusePrefix() changes the fifth letter where code for ${arch} compares with it`, () => {
    const program = Buffer.concat([noise, code("ABC_DEX_"), code(prefix), noise]);
    refusePrefix(program, prefix, arch);
    const wanted = Buffer.concat([noise, code("ABC_DEX_"), code("ABC_\x01EF_"), noise]);
    assert.ok(program.equals(wanted));
  });

  test(`refusePrefix() changes nothing for ${arch} where it is not sure of the place`, () => {
    for (const parts of [[noise], [code(prefix), noise, code(prefix)], [Buffer.from(prefix)]]) {
      const program = Buffer.concat([...parts, Buffer.alloc(4)]);
      const before = Buffer.from(program);
      assert.throws(() => refusePrefix(program, prefix, arch), /at [02] places, not at one$/);
      assert.ok(program.equals(before));
    }
  });
}
