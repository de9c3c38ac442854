import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { removeDocument, replaceDocument, splitDocuments } from "./document_text.ts";

const three = `# of the team
a: 1
---
# the second
b: |
  ---
  -----BEGIN CERTIFICATE-----
--- # the third
c: 3
`;

describe("splitDocuments()", () => {
  test("divides at separator lines only", () => {
    const documents = splitDocuments(three);
    assert.equal(documents.length, 3);
    assert.equal(documents.map((document) => document.text).join(""), three);
    assert.deepEqual(documents.map((document) => document.linesBefore), [0, 2, 7]);
  });

  for (
    const text of [
      "",
      "---",
      "---\n",
      "a: 1",
      "---\na: 1\n",
      "a: 1\r\n---\r\nb: 2\r\n",
      "--- {a: 1}\n",
    ]
  ) {
    test(`${JSON.stringify(text)} is put together again`, () => {
      assert.equal(splitDocuments(text).map((document) => document.text).join(""), text);
    });
  }
});

describe("replaceDocument()", () => {
  function replace(text: string, index: number): string {
    return replaceDocument(text, splitDocuments(text)[index]!, "new: 1\n");
  }

  test("keeps the other documents and the comments a document begins with", () => {
    assert.equal(
      replace(three, 1),
      three.replace(/b: \|\n.*\n.*\n/, "new: 1\n"),
    );
    assert.equal(replace(three, 2), three.replace("c: 3", "new: 1"));
    assert.equal(replace(three, 0), three.replace("a: 1", "new: 1"));
  });

  test("replaces content on the separator's line", () => {
    assert.equal(replace("a: 1\n--- {b: 2}\n---\nc: 3\n", 1), "a: 1\n---\nnew: 1\n---\nc: 3\n");
  });
});

describe("removeDocument()", () => {
  function remove(text: string, index: number): string | undefined {
    return removeDocument(text, splitDocuments(text)[index]!);
  }

  test("keeps the other documents", () => {
    assert.equal(remove(three, 0), three.slice(three.indexOf("---")));
    assert.equal(remove("a: 1\n--- {b: 2}\n", 0), "--- {b: 2}\n");
  });

  test("of the only document leaves nothing", () => {
    assert.equal(remove("# mine\n---\na: 1\n", 1), undefined);
    assert.equal(remove("a: 1\n", 0), undefined);
  });
});
