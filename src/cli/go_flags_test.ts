import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "@commander-js/extra-typings";
import { rewriteGoFlags } from "./go_flags.ts";
import { switchOption } from "./options.ts";

/** What commander makes of a line: options that were given, then arguments, in order. */
function parse(line: string[], singleDash = true): unknown[] {
  const command = new Command("atc")
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .argument("[words...]")
    .option("-o, --output <format>")
    .option("--description <text>")
    .option("--plain")
    .option("--dry-run")
    .addOption(switchOption("refreshable", "can be refreshed"));
  const args = rewriteGoFlags(command as unknown as Command, line, { singleDash });
  command.parse(args, { from: "user" });
  return [command.opts(), ...command.args];
}

test("a switch is true bare, takes Go's booleans after =, and the words true and false", () => {
  const table: [string[], unknown[]][] = [
    [["--refreshable", "alice"], [{ refreshable: true }, "alice"]],
    [["alice", "--refreshable"], [{ refreshable: true }, "alice"]],
    [["--refreshable=F", "alice"], [{ refreshable: false }, "alice"]],
    [["--refreshable=1"], [{ refreshable: true }]],
    [["--refreshable", "false", "alice"], [{ refreshable: false }, "alice"]],
    [["--refreshable", "--refreshable=0"], [{ refreshable: false }]],
  ];
  for (const [line, wanted] of table) assert.deepEqual(parse(line), wanted, line.join(" "));
});

test("a plain switch takes Go's booleans after =, and a short option its value", () => {
  const table: [string[], unknown[]][] = [
    [["--plain=true", "alice"], [{ plain: true }, "alice"]],
    [["--plain=F", "alice"], [{}, "alice"]],
    [["--dry-run=server", "--dry-run=client"], [{ dryRun: true }]],
    [["--dry-run=none", "alice"], [{}, "alice"]],
    [["-o=json", "alice"], [{ output: "json" }, "alice"]],
    [["-o=", "alice"], [{ output: "" }, "alice"]],
  ];
  for (const [line, wanted] of table) assert.deepEqual(parse(line, false), wanted, line.join(" "));
  assert.throws(() => parse(["--plain=maybe"], false), /plain/);
  assert.throws(() => parse(["-x=1"], false), /unknown option '-x/);
});

test("a switch refuses a value that is no boolean", () => {
  assert.throws(() => parse(["--refreshable=maybe"]), /maybe.*true or false/);
  assert.throws(() => parse(["--refreshable="]), /true or false/);
});

test("one dash is as good as two before a long name, where that is asked for", () => {
  const wanted = [{ description: "-refreshable", refreshable: true }, "alice"];
  assert.deepEqual(parse(["-refreshable", "alice", "-description", "-refreshable"]), wanted);
  assert.deepEqual(parse(["-description=a=b"]), [{ description: "a=b" }]);
  assert.throws(() => parse(["-description=a"], false), /unknown option/);
  assert.throws(() => parse(["-help"]), { code: "commander.helpDisplayed" });
  assert.throws(() => parse(["-help"], false), /unknown option/);
});

test("short options, values and what follows -- are left alone", () => {
  assert.deepEqual(parse(["-o", "json", "--description", "--refreshable"]), [{
    output: "json",
    description: "--refreshable",
  }]);
  assert.deepEqual(parse(["--", "-refreshable"]), [{}, "-refreshable"]);
  assert.throws(() => parse(["-nonsense"]), /unknown option '-nonsense'/);
  assert.throws(() => parse(["alice", "--description"]), /argument missing/);
});
