import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { joinFrames } from "./log_frames.ts";

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

test("joinFrames() gives the text of both streams in order", () => {
  const log = Buffer.concat([
    frame(1, "one\n"),
    frame(2, "zwei – \n"),
    frame(1, ""),
    frame(1, "3"),
  ]);
  assert.equal(joinFrames(log), "one\nzwei – \n3");
  assert.equal(joinFrames(Buffer.alloc(0)), "");
});

test("joinFrames() takes a log that is cut off as far as it goes", () => {
  const log = Buffer.concat([frame(1, "one\n"), frame(2, "two\n")]);
  assert.equal(joinFrames(log.subarray(0, log.length - 2)), "one\ntw");
  assert.equal(joinFrames(log.subarray(0, 15)), "one\n");
});
