import assert from "node:assert/strict";
import { test } from "node:test";
import { fillTemplate } from "./fill.ts";
import { parseTemplate, TemplateFault } from "./template.ts";

const list = [
  {
    kind: "Link",
    metadata: { name: "east", annotations: { "example.com/team": "a b", "x.y": "z" } },
    spec: { cost: 1, noClientAuth: false },
    status: {
      conditions: [{ type: "Ready", status: "True" }, { type: "Operational", status: "False" }],
    },
  },
  { kind: "Link", metadata: { name: "west" }, spec: { cost: 20 }, status: null },
];
const [east] = list;

/** What kubectl prints of the same data. */
const templates: [template: string, data: unknown, printed: string][] = [
  ["{.metadata.name}", east, "east"],
  ["{$.metadata.name}", east, "east"],
  ["{@.metadata['name']}", east, "east"],
  ['{.metadata["name"]}', east, "east"],
  ["{ .metadata.name }", east, "east"],
  ["name={.metadata.name}, cost={.spec.cost}", east, "name=east, cost=1"],
  ["{.metadata.annotations.example\\.com/team}", east, "a b"],
  ["{.metadata.annotations['x.y']}", east, "z"],
  ["{.}", { a: 1 }, '{"a":1}'],
  ["{.spec}", east, '{"cost":1,"noClientAuth":false}'],
  ["{.spec.noClientAuth}", east, "false"],
  ["{.spec.*}", east, "1 false"],
  ["{.spec['cost','noClientAuth']}", east, "1 false"],
  ["{.nothing.at.all}", east, ""],
  ["[{.status.conditions[5].type}]", east, "[]"],
  ["{.status.conditions[0].type}", east, "Ready"],
  ["{.status.conditions[-1].type}", east, "Operational"],
  ["{.status.conditions[0,1].type}", east, "Ready Operational"],
  ["{.status.conditions[:1].type}", east, "Ready"],
  ["{.status.conditions[0:2:2].type}", east, "Ready"],
  ['{.status.conditions[?(@.type=="Operational")].status}', east, "False"],
  ["{.status.conditions[?(@.type!='Ready')].type}", east, "Operational"],
  ["{..type}", east, "Ready Operational"],
  ["{.items[*].metadata.name}", list, "east west"],
  ["{[*].metadata.name}", list, "east west"],
  ["{.items[?(@.spec.cost>5)].metadata.name}", list, "west"],
  ["{.items[?(@.spec.cost<=1)].metadata.name}", list, "east"],
  ["{.items[?(@.metadata.annotations)].metadata.name}", list, "east"],
  ["{.items[1].status}", list, "null"],
  [
    '{range .items[*]}{.metadata.name}{"\\t"}{.spec.cost}{"\\n"}{end}',
    list,
    "east\t1\nwest\t20\n",
  ],
  [
    "{range .items[*]}{.metadata.name}:{range .status.conditions[*]} {@.type}{end};{end}",
    list,
    "east: Ready Operational;west:;",
  ],
  ["{.metadata.annotations['example\\.com/team']}", east, "a b"],
];

test("a template finds and prints what kubectl does", () => {
  for (const [template, data, printed] of templates) {
    assert.equal(fillTemplate(parseTemplate(template), data), printed, template);
  }
});

test("a template that is none says why", () => {
  const faults: [template: string, wanted: RegExp][] = [
    ["", /with braces/],
    [".metadata.name", /with braces/],
    ["{.metadata.name", /with a } at its end/],
    ["{.a[}", /does not have "}"/],
    ["{.a[0}", /does not have "}"/],
    ["{.a[1:2:0]}", /a step of 1 or more/],
    ["{.a[?(@.b==)]}", /does not have "\)\]}"/],
    ["{range .a}{.b}", /an {end} for each range/],
    ["{.a}{end}", /ends no range/],
    ["{.a!}", /does not have "!}"/],
    ["{a}", /does not have "a}"/],
    ["{.a['b}", /does not have/],
  ];
  for (const [template, wanted] of faults) {
    assert.throws(
      () => parseTemplate(template),
      (error: Error) => error instanceof TemplateFault && wanted.test(error.message),
      template,
    );
  }
});
