import assert from "node:assert/strict";
import { test } from "node:test";
import { fitColumns } from "./narrow_text.ts";

test("a line that is too long goes on below its last column", () => {
  const table = "NAME  STATUS  MESSAGE\n" +
    "west  Error   Invalid duration in the expiration window\n";
  assert.equal(
    fitColumns(table, 34),
    "NAME  STATUS  MESSAGE\n" +
      "west  Error   Invalid duration in\n" +
      "              the expiration\n" +
      "              window\n",
  );
});

test("where the last column leaves no room, a line goes on below its beginning", () => {
  assert.equal(
    fitColumns("a-long-name-of-a-link  Pending  Not operational yet\n", 30),
    "a-long-name-of-a-link  Pending\n  Not operational yet\n",
  );
  assert.equal(fitColumns("  ok  tls: it is for west\n", 20), "  ok  tls: it is for\n    west\n");
});

test("what fits, and what has no space to break at, stays as it is", () => {
  assert.equal(fitColumns("Name:  west\n\nx\n", 20), "Name:  west\n\nx\n");
  const key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
  assert.equal(fitColumns(`${key}\n`, 20), `${key}\n`);
});
