import assert from "node:assert/strict";
import { test } from "node:test";
import { Command, Option } from "@commander-js/extra-typings";
import { applyOptionVariables, optionVariable } from "./option_variables.ts";
import { wholeNumber } from "./options.ts";

/** The options in force of a command line and an environment. */
function parse(args: string[], env: Record<string, string>): Record<string, unknown> {
  const command = new Command()
    .exitOverride()
    .option("--link-cost <n>", "", wholeNumber(0, 9))
    .option("-n, --namespace <name>", "")
    .option("--dry-run", "")
    .option("--no-crds", "")
    .option("--all", "")
    .addOption(new Option("--grant <name>", "").conflicts("linkCost"))
    .action(() => {});
  command.hook("preAction", () => applyOptionVariables(command as unknown as Command, env));
  command.parse(args, { from: "user" });
  return command.opts();
}

test("a variable stands in for an option that is not given", () => {
  const env = { HAWSER_LINK_COST: "3", HAWSER_NAMESPACE: "west", HAWSER_DRY_RUN: "true" };
  assert.deepEqual(parse([], { ...env, HAWSER_NO_CRDS: "1" }), {
    linkCost: 3,
    namespace: "west",
    dryRun: true,
    crds: false,
  });
  assert.deepEqual(parse(["-n", "east", "--link-cost=4"], env), {
    linkCost: 4,
    namespace: "east",
    dryRun: true,
    crds: true,
  });
});

test("an empty variable, a switch set false, and what widens or excludes is left out", () => {
  const env = { HAWSER_NAMESPACE: "", HAWSER_DRY_RUN: "0", HAWSER_ALL: "1", HAWSER_LINK_COST: "3" };
  assert.deepEqual(parse(["--grant", "g"], env), { grant: "g", crds: true });
});

test("a wrong value is an error that names the variable", () => {
  assert.throws(
    () => parse([], { HAWSER_LINK_COST: "x" }),
    /option '--link-cost <n>' value 'x' from env 'HAWSER_LINK_COST' is invalid\./,
  );
  assert.throws(() => parse([], { HAWSER_DRY_RUN: "x" }), /"x" for HAWSER_DRY_RUN/);
});

test("secrets, and what reads them, have no variable of this kind", () => {
  for (const flag of ["--password <p>", "--password-stdin", "--force", "--quiet [bool]"]) {
    assert.equal(optionVariable(new Option(flag)), undefined);
  }
});
