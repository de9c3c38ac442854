import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "@commander-js/extra-typings";
import { listCommands, wholeTree } from "../scripts/reference/program.ts";
import { findCommand } from "../src/cli/command_path.ts";
import { topicNames } from "../src/cli/help.ts";
import { commandHelp } from "../src/help/examples.ts";
import { topics } from "../src/help/topics.ts";

/** As kubectl and gh describe an option: a clause without an end, in lower case but for names. */
const clause =
  /^([a-z-]|Artifactory|Distribution|GitHub|JFrog|Mission Control|Pipelines|Xray).*[^.?!\s]$/s;

const root = wholeTree("hawser");
const commands = listCommands(root);

test("every command has examples, and no other", () => {
  const helped = Object.keys(commandHelp).filter((words) => words !== "").sort();
  assert.deepEqual(helped, commands.map(({ words }) => words).sort());
});

test("an example is a line of its command, with options that it has", () => {
  for (const [words, { examples }] of Object.entries(commandHelp)) {
    assert.ok(examples.length > 0, words);
    for (const { line } of examples) {
      const typed = /(?:^|[ (])hawser ([^|>)<]*)/.exec(line)![1]!.trim().split(/ +/);
      const { command, words: named } = findCommand(root, typed);
      if (words !== "") assert.equal(named.join(" "), words, line);
      for (const option of typed.filter((word) => word.startsWith("-") && word !== "-")) {
        assert.ok(knows(command as Command, option.split("=")[0]!), `${line}: ${option}`);
      }
    }
  }
});

test("what is to be seen also is there", () => {
  for (const { seeAlso } of Object.values(commandHelp)) {
    for (const line of seeAlso) {
      const [first, topic = ""] = line.split(" ");
      if (first === "help" && topic !== "") {
        assert.ok(Object.hasOwn(topics, topic), line);
      } else {
        const words = line.split(" -")[0]!;
        assert.ok(commands.some((command) => command.words === words), line);
      }
    }
  }
});

test("help has the topics that it names, in lines that a terminal holds", () => {
  assert.deepEqual(Object.keys(topics), [...topicNames]);
  for (const [name, { summary, text }] of Object.entries(topics)) {
    assert.match(summary, /^[a-z].*[^.]$/);
    if (name === "exit-codes") continue; // a table

    const long = text((rows) => rows.map((row) => row.join("  ")).join("\n")).split("\n").filter((
      line,
    ) => line.length > 80);
    assert.deepEqual(long, [], name);
  }
});

test("descriptions speak one language", () => {
  for (const { words, command } of commands) {
    assert.match(command.summary(), /^[A-Z].*[^.]$/, words);
    for (const { flags, description, hidden } of command.options) {
      if (hidden) continue;
      assert.match(description, clause, `${words} ${flags}`);
      assert.doesNotMatch(description, /\b(maybe|perhaps|to be done|etc\.)/, `${words} ${flags}`);
    }
  }
});

function knows(command: Command | null, option: string): boolean {
  if (command === null) return false;
  const has = command.options.some(({ short, long }) => short === option || long === option);
  return has || knows(command.parent as Command | null, option);
}
