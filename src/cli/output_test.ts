import assert from "node:assert/strict";
import { test } from "node:test";
import { appError } from "../errors/app_error.ts";
import { fields, renderError, table } from "./output.ts";

const say = { program: "hawser", command: String, commandForAll: String };

test("an error escapes control characters that came from outside", () => {
  const why = "it said \x1b[2J\x07\x9b1m\r\x7f\tand\nmore";
  const error = appError("unreachable", { url: "https://h", why }, { cause: new Error("\x1bc") });
  assert.equal(
    renderError(error, "text", say, true),
    "error: Cannot reach https://h: it said \\x1b[2J\\x07\\x9b1m\\x0d\\x7f\tand\\nmore\n" +
      "cause: \\x1bc\n",
  );
});

test("a cell can neither forge a line nor steer the terminal", () => {
  assert.equal(table([["A", "B"], ["x\ny", "\x1b[1m"]]), "A     B\nx\\ny  \\x1b[1m\n");
  assert.equal(fields([["Name", "a\nStatus: Ready"]]), "Name:  a\\nStatus: Ready\n");
});
