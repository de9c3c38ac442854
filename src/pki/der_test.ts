import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { element, integer, objectIdentifier, sequence, time } from "./der.ts";
import { readElement, readInside } from "./der_reader.ts";

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

test("elements are encoded as X.690 has it", () => {
  assert.equal(hex(sequence()), "3000");
  assert.equal(hex(element(4, new Uint8Array(127))).slice(0, 6), "047f00");
  assert.equal(hex(element(4, new Uint8Array(128))).slice(0, 8), "04818000");
  assert.equal(hex(element(4, new Uint8Array(256))).slice(0, 10), "0482010000");
  assert.equal(hex(objectIdentifier("1.2.840.113549.1.1.11")), "06092a864886f70d01010b");
  assert.equal(hex(objectIdentifier("2.5.29.17")), "0603551d11");
  const integers = { "00": "020100", "7f": "02017f", "80": "02020080", "0000ff": "020200ff" };
  for (const [bytes, der] of Object.entries(integers)) {
    assert.equal(hex(integer(Uint8Array.from(Buffer.from(bytes, "hex")))), der);
  }
});

test("times are UTCTime until 2049 and GeneralizedTime afterwards", () => {
  const text = (at: string) => new TextDecoder().decode(time(new Date(at)).subarray(2));
  assert.equal(text("2049-12-31T23:59:59.999Z"), "491231235959Z");
  assert.equal(text("2050-01-01T00:00:00Z"), "20500101000000Z");
});

test("what is written is read back the same", () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 4 });
  fc.assert(
    fc.property(parts, (contents) => {
      const read = readInside(
        0x30,
        readElement(sequence(...contents.map((one) => element(4, one)))),
      );
      assert.deepEqual(read.map((one) => hex(one.contents)), contents.map(hex));
    }),
    { numRuns: 30 },
  );
});

test("broken encodings are refused", () => {
  const wrong: number[][] = [[], [0x30], [0x30, 1], [0x30, 0, 0], [0x30, 0x80, 0, 0], [0x3f, 1, 0]];
  wrong.push([0x30, 0x82, 1], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff], [0x30, 0x85, 0, 0, 0, 0, 0]);
  for (const bytes of wrong) assert.throws(() => readElement(Uint8Array.from(bytes)), /DER/);
  assert.throws(() => readInside(0x30, readElement(element(4))), /tag 48/);
  assert.throws(() => readInside(0x30, undefined), /tag 48/);
});
