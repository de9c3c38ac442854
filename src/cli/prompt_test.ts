import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createPrompter } from "./prompt.ts";

/** A prompter with those lines to read; `shown` is all that it wrote. */
function prompter(lines: string[], isTerminal = false) {
  const wrote = { shown: "", hidden: 0 };
  const write = (text: string) => {
    wrote.shown += text;
    return Promise.resolve();
  };
  const ask = createPrompter(
    write,
    async (question) => {
      await question.ask();
      if (question.isHidden) wrote.hidden++;
      return lines.shift();
    },
    () => isTerminal,
  );
  return { ask, wrote };
}

const question = { text: "JFrog username", option: "--user" };

describe("createPrompter()", () => {
  test("takes the answer without the blanks around it, and the standard for none", async () => {
    const { ask, wrote } = prompter([" ann ", "", ""]);
    assert.equal(await ask.line({ ...question, standard: "bob" }), "ann");
    assert.equal(await ask.line({ ...question, standard: "bob" }), "bob");
    assert.equal(await ask.line(question), "");
    assert.equal(wrote.shown, "JFrog username [bob]: \n".repeat(2) + "JFrog username: \n");
  });

  test("names the option where stdin ends", async () => {
    await assert.rejects(prompter([]).ask.line(question), {
      code: "answer-missing",
      message: 'Standard input ended where "JFrog username" was to be answered',
    });
  });

  test("hides a secret, and ends its line on a terminal, where nothing is seen", async () => {
    const { ask, wrote } = prompter(["secret", "seen"], true);
    assert.equal(await ask.secret(question), "secret");
    assert.equal(await ask.line(question), "seen");
    assert.deepEqual(wrote, { shown: "JFrog username: \nJFrog username: ", hidden: 1 });
  });

  test("confirms with yes alone, asks again after nonsense, and takes the end for none", async () => {
    const answers: [lines: string[], isConfirmed: boolean][] = [
      [["y"], true],
      [[" YES "], true],
      [["maybe", "yes"], true],
      [["n"], false],
      [["No"], false],
      [[""], false],
    ];
    const sure = { text: "Sure?", option: "--quiet" };
    for (const [lines, isConfirmed] of answers) {
      assert.equal(await prompter([...lines]).ask.confirm(sure), isConfirmed, String(lines));
    }
    for (const lines of [[], ["maybe"]]) {
      const missing = {
        code: "answer-missing",
        message: 'Standard input ended where "Sure?" was to be answered',
      };
      await assert.rejects(prompter([...lines]).ask.confirm(sure), missing);
      assert.equal(await prompter([...lines], true).ask.confirm(sure), false);
    }
  });

  test("lets one of several be chosen by its number, the first by default", async () => {
    const { ask, wrote } = prompter(["0", "x", "2"]);
    assert.equal(await ask.choose(question, ["one", "two"]), 1);
    assert.match(wrote.shown, /^JFrog username\n {2}1\) one\n {2}2\) two\nNumber \[1\]: \n/);
    assert.equal(await prompter([""]).ask.choose(question, ["one", "two"]), 0);
  });
});
