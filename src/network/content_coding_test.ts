import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { faultOf } from "./answer_fault.ts";
import { decodeBody } from "./content_coding.ts";

const never = new AbortController().signal;
const text = "a text that is said again, a text that is said again";
const plain = Buffer.from(text);

test("decodeBody() takes what a server may send for the codings asked for", async () => {
  const table: [coding: string | undefined, body: Buffer][] = [
    [undefined, plain],
    ["identity", plain],
    ["gzip", gzipSync(plain)],
    ["x-gzip", gzipSync(plain)],
    [" GZIP ", gzipSync(plain)],
    ["deflate", deflateSync(plain)],
    ["deflate", deflateRawSync(plain)], // without the header that it should have
  ];
  for (const [coding, body] of table) {
    assert.equal(String(await decodeBody(body, coding, 1000, never)), text, String(coding));
  }
  assert.equal((await decodeBody(Buffer.alloc(0), "gzip", 1000, never)).length, 0);
});

test("decodeBody() takes a body of the largest size, and no larger one", async () => {
  const body = gzipSync(Buffer.alloc(2048));
  assert.equal((await decodeBody(body, "gzip", 2048, never)).length, 2048);
  for (const coded of [gzipSync(Buffer.alloc(2049)), gzipSync(Buffer.alloc(50_000_000))]) {
    const error = await decodeBody(coded, "gzip", 2048, never).catch((error) => error);
    assert.equal(faultOf(error), "it is larger than 2 KiB");
  }
});

test("decodeBody() refuses what is damaged or of another coding", async () => {
  const table: [coding: string, body: Buffer, why: string][] = [
    ["gzip", plain, "it can't be decompressed (gzip)"],
    ["gzip", gzipSync(plain).subarray(0, 20), "it can't be decompressed (gzip)"],
    ["deflate", Buffer.from("x"), "it can't be decompressed (deflate)"],
    ["br", plain, 'it is encoded as "br"'],
    ["gzip, gzip", plain, 'it is encoded as "gzip, gzip"'],
  ];
  for (const [coding, body, why] of table) {
    const error = await decodeBody(body, coding, 1000, never).catch((error) => error);
    assert.equal(faultOf(error), why);
  }
});
