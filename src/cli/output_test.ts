import assert from "node:assert/strict";
import { test } from "node:test";
import { appError } from "../errors/app_error.ts";
import { fields, renderData, renderError, table } from "./output.ts";
import { escapeUnprintable } from "./printable.ts";

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

test("what turns the direction of text, or can't be seen, is escaped wherever it goes", async () => {
  const name = "abc\u202egpj.exe\u2066\u2069\u200b\ufeff\u2028\u061c\u{e0041}d\tz";
  const shown = "abc\\u202egpj.exe\\u2066\\u2069\\u200b\\ufeff\\u2028\\u061c\\udb40\\udc41d";
  assert.equal(fields([["Name", name]]), `Name:  ${shown}\tz\n`);
  assert.equal(escapeUnprintable(`${name}\n\x1b[2J`), `${shown}\tz\n\\u001b[2J`);
  for (const format of ["json", "yaml"] as const) {
    const printed = escapeUnprintable(await renderData({ name }, format));
    assert.ok(printed.includes(shown), printed);
    assert.deepEqual(JSON.parse(printed), { name });
  }
  assert.equal(await renderData({ name: "a\nb" }, "yaml"), "name: |-\n  a\n  b\n");
});

test("a cell can neither forge a line nor steer the terminal", () => {
  assert.equal(table([["A", "B"], ["x\ny", "\x1b[1m"]]), "A     B\nx\\ny  \\x1b[1m\n");
  assert.equal(fields([["Name", "a\nStatus: Ready"]]), "Name:  a\\nStatus: Ready\n");
});
