import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isAppError } from "../errors/app_error.ts";
import {
  parseResource,
  readResources,
  writeResource,
  writeResources,
  writeYaml,
  writeYamlText,
} from "./yaml.ts";

/** The message of the `resource-invalid` that `read` throws. */
function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(isAppError(error, "resource-invalid"), String(error));
    assert.equal(error.cause, undefined, "a cause could quote the text");
    return error.message.replace("Invalid resource in t.yaml: ", "");
  }
  assert.fail("nothing was thrown");
}

describe("readResources()", () => {
  test("reads several documents and drops empty ones", () => {
    const text = "\ufeff---\na: 1\n---\n---\n# nothing\n---\nb: {c: [x]}\n...\n";
    assert.deepEqual(readResources(text, "t.yaml"), [{ a: 1 }, { b: { c: ["x"] } }]);
    assert.deepEqual(readResources("", "t.yaml"), []);
    assert.deepEqual(readResources('{"a": "\\u00e9"}', "t.yaml"), [{ a: "é" }]);
  });

  test("takes what looks like a truth value or a date for text, as YAML 1.2 has it", () => {
    const [found] = readResources("a: yes\nb: 2024-01-01\nc: 12:30:45\nd: true", "t.yaml");
    assert.deepEqual(found, { a: "yes", b: "2024-01-01", c: "12:30:45", d: true });
  });

  const broken: [name: string, text: string, complaint: RegExp][] = [
    ["a syntax error, with its line", "a: 1\nb: [", /^line 2: unexpected end of the stream/],
    ["a duplicate key", "a: 1\nb: 2\na: 3", /^line 3: duplicated mapping key$/],
    ["text that is no mapping", "just words", /^a resource must be a mapping, not text$/],
    ["a list", "- a: 1", /^a resource must be a mapping, not a list$/],
    ["bytes that are no text", "a: \u0000\u0001", /^line 1: /],
    ["a deep nest", "[".repeat(100_000), /^line 1: nesting exceeded/],
    ["a tag that is not YAML's core", "a: !!js/function x", /^line 1: unknown/],
  ];
  for (const [name, text, expected] of broken) {
    test(`refuses ${name}`, () => {
      assert.match(complaint(() => readResources(text, "t.yaml")), expected);
    });
  }

  test("refuses more than it was told to read, counted in bytes", () => {
    const text = `a: ${"é".repeat(600_000)}`;
    assert.equal(complaint(() => readResources(text, "t.yaml")), "it exceeds 1048576 bytes");
    assert.equal(readResources(text, "t.yaml", { maxBytes: 2_000_000 }).length, 1);
  });

  test("refuses anchors and aliases in what comes from another machine", () => {
    const bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]";
    assert.equal(readResources(bomb, "t.yaml").length, 1);
    for (const [line, text] of [[1, bomb], [2, "a: 1\nb: *c"], [3, "a:\n- b\n- &x\n  c: 1"]]) {
      assert.equal(
        complaint(() => readResources(text as string, "t.yaml", { untrusted: true })),
        `line ${line}: anchors and aliases are not accepted here`,
      );
    }
  });

  test("refuses aliases that stand for more than anyone would write", () => {
    const ten = (item: string) => `[${new Array(10).fill(item).join(", ")}]`;
    const levels = [1, 2, 3, 4, 5, 6, 7].map((level) =>
      `a${level}: &a${level} ${ten(`*a${level - 1}`)}`
    );
    const bomb = [`a0: &a0 ${ten("1")}`, ...levels].join("\n");
    const refused = "line 4: aliases stand for more than 10000 nodes";
    assert.equal(complaint(() => readResources(bomb, "t.yaml")), refused);
    const separate = "b: &b [x, y]\nc: [*b, *b]\n---\n".repeat(100);
    assert.equal(readResources(separate, "t.yaml").length, 100);
    assert.equal(
      complaint(() => readResources("a: 1\nb: &b\n  c: [*b]", "t.yaml")),
      "line 3: an alias stands within what it stands for",
    );
  });

  test("does not quote the text in an error", () => {
    const said = complaint(() => readResources("code: s3cret\ncode: s3cret\n", "t.yaml"));
    assert.ok(!said.includes("s3cret"));
  });
});

describe("parseResource()", () => {
  const token = {
    apiVersion: "skupper.io/v2alpha1",
    kind: "AccessToken",
    metadata: { name: "west" },
  };

  test("keeps fields it does not know", () => {
    const document = {
      ...token,
      metadata: { name: "west", creationTimestamp: null, finalizers: ["x"] },
      spec: { url: "u", code: "c", ca: "a", later: { a: [null] } },
      status: {},
      more: 1,
    };
    assert.deepEqual(parseResource("AccessToken", document, "t.yaml"), document);
  });

  test("takes an empty field for one that is not there, and leaves the document as it is", () => {
    const document = {
      ...token,
      metadata: { name: "west", namespace: null, creationTimestamp: null },
      spec: { url: "u", code: "c", ca: "a", linkCost: null, later: { a: [null, { b: null }] } },
      status: null,
    };
    const before = structuredClone(document);
    assert.deepEqual(parseResource("AccessToken", document, "t.yaml"), {
      ...token,
      spec: { url: "u", code: "c", ca: "a", later: { a: [null, {}] } },
    });
    assert.deepEqual(document, before);
    const site = { ...token, kind: "Site", spec: null };
    assert.equal(parseResource("Site", site, "s.yaml").spec, undefined);
  });

  const wrong: [name: string, document: unknown, complaint: string][] = [
    [
      "a missing field",
      { ...token, spec: { url: "u", ca: "a" } },
      "spec.code is missing: it must be text",
    ],
    [
      "a number for text",
      { ...token, spec: { url: "u", ca: "a", code: 7 } },
      "spec.code must be text, not a number",
    ],
    [
      "a fraction",
      { ...token, spec: { url: "u", ca: "a", code: "c", linkCost: 1.5 } },
      "spec.linkCost must be a whole number, not a fraction",
    ],
    [
      "a bad condition",
      {
        ...token,
        status: {
          conditions: [{
            type: "Ready",
            status: "yes",
            reason: "",
            message: "",
            lastTransitionTime: "",
          }],
        },
      },
      'status.conditions[0].status must be "True" or "False" or "Unknown"; ' +
      "status.conditions[0].reason must be at least 1 characters long",
    ],
    ["another kind", { ...token, kind: "Secret" }, 'kind must be "AccessToken"'],
    ["null", null, "the resource must be a mapping, not empty"],
  ];
  for (const [name, document, expected] of wrong) {
    test(`says what is wrong with ${name}`, () => {
      assert.equal(complaint(() => parseResource("AccessToken", document, "t.yaml")), expected);
    });
  }
});

describe("writeResource()", () => {
  test("puts the fields in the conventional order and leaves out what is undefined", () => {
    const resource = {
      status: { message: undefined },
      data: { b: "2" },
      spec: undefined,
      metadata: { name: "west", labels: { on: "off" } },
      kind: "Secret",
      apiVersion: "v1",
    };
    assert.equal(
      writeResource(resource),
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: west\n  labels:\n    'on': 'off'\n" +
        "status: {}\ndata:\n  b: '2'\n",
    );
  });

  test("writes PEM as a block, long lines unfolded", () => {
    const pem = `-----BEGIN X-----\n${"A".repeat(200)}\n-----END X-----\n`;
    const words = "word ".repeat(40).trim();
    assert.equal(
      writeYaml({ ca: pem, words }),
      `ca: |\n  -----BEGIN X-----\n  ${"A".repeat(200)}\n  -----END X-----\nwords: ${words}\n`,
    );
  });

  test("repeats what occurs twice instead of writing an alias", () => {
    const endpoint = { host: "h" };
    assert.equal(writeYaml([endpoint, endpoint]), "- host: h\n- host: h\n");
  });

  test("writeResources() separates documents, and begins with a separator where that is asked", () => {
    const two = [{ kind: "A" }, { kind: "B" }];
    assert.equal(writeResources(two), "kind: A\n---\nkind: B\n");
    assert.equal(writeResources(two, { separatorFirst: true }), "---\nkind: A\n---\nkind: B\n");
    assert.equal(writeResources([]), "");
  });
});

test("text that a YAML 1.1 or Go reader would take for something else is quoted", () => {
  const traps = [
    ...["yes", "no", "on", "off", "y", "n", "Y", "N", "Yes", "NO", "On", "OFF", "true", "True"],
    ...[
      "~",
      "null",
      "Null",
      "NULL",
      "",
      " ",
      "=",
      "<<",
      "-",
      "?",
      ":",
      "a: b",
      "a #b",
      "#a",
      "@a",
      "%a",
    ],
    ...[
      "2024-01-01",
      "2024-01-01T00:00:00Z",
      "2001-12-14 21:59:43.10 -5",
      "12:30:45",
      "12:30",
      "190:20:30.15",
    ],
    ...[
      "0",
      "1",
      "-1",
      "+1",
      "1.5",
      ".5",
      "5.",
      "1e3",
      "1E+3",
      ".inf",
      "-.Inf",
      ".NaN",
      "1_000",
      "0x1F",
    ],
    ...[
      "017",
      "08",
      "0o17",
      "0b11",
      "0X1F",
      "0O17",
      "0B1",
      "-0X1F",
      "+0o17",
      "08_",
      "0_8",
      "+_1",
      "-_8.",
      "1e3_",
    ],
    ...["123456789012345678901234", "00000000000e000000000000"],
  ];
  for (const trap of traps) {
    const written = writeYaml({ v: trap });
    assert.match(written, /^v: ['"]/, trap);
    assert.deepEqual(readResources(written, "t.yaml"), [{ v: trap }]);
    assert.match(writeYaml({ [trap]: 0 }), /^['"]/, trap);
  }
});

test("text that every reader takes for text is not quoted", () => {
  for (
    const text of ["west", "127.0.0.1", "1.2.3", "8abc-1", "15m0s", "https://h:1/x", "0xyz", "e3"]
  ) {
    assert.equal(writeYaml({ v: text }), `v: ${text}\n`);
  }
});

test("what is written is read back the same", () => {
  const key = fc.string({ unit: "binary" }).filter((text) => text !== "__proto__");
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(..."01eExX_+-.:~yno\n\t #'\"|>{}[]&*!%@`,?\r\u0085\u2028") }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  const document = fc.dictionary(key, value, { minKeys: 1, maxKeys: 6, noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(document, { minLength: 1, maxLength: 3 }), (documents) => {
      const read = readResources(writeResources(documents), "t.yaml", { untrusted: true });
      assert.deepEqual(read, documents);
    }),
    { numRuns: 500 },
  );
});

describe("writeYamlText()", () => {
  const dangerous = [
    "",
    "y",
    "no",
    "null",
    "true",
    "1e3",
    "0x1f",
    "12:30:45",
    "2024-01-01",
    "~",
    "-",
  ];

  test("is read as that very text, whatever it looks like", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom(...dangerous),
    );
    fc.assert(fc.property(text.filter((given) => given.isWellFormed()), (given) => {
      assert.deepEqual(readResources(`a: ${writeYamlText(given)}`, "t.yaml"), [{ a: given }]);
    }));
  });

  test("quotes what a reader of YAML 1.1 would take for something else, and no usual name", () => {
    for (const text of dangerous) assert.equal(writeYamlText(text), `'${text}'`);
    for (const name of ["east", "west-6bfn6", "west.example.com"]) {
      assert.equal(writeYamlText(name), name);
      assert.equal(`${writeYamlText(name)}\n`, writeYaml(name));
    }
    assert.equal(writeYamlText("it's ::1"), "'it''s ::1'");
    assert.equal(writeYamlText("two\nlines"), '"two\\nlines"');
  });
});
