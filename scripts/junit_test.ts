import assert from "node:assert/strict";
import { test } from "node:test";
import { leaves, readReport } from "./junit.ts";

const denoReport = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="1" errors="1" time="0.011">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="plain" classname="./a_test.ts" time="0.002" line="3" col="1">
        </testcase>
        <testcase name="needs &quot;root&quot;" classname="./a_test.ts" time="0.000" line="4" col="1">
            <skipped/>
        </testcase>
        <testcase name="group" classname="./a_test.ts" time="0.002" line="11" col="1">
        </testcase>
        <testcase name="breaks" classname="./a_test.ts" time="0.004" line="3" col="1">
            <failure message="1 > 2">at &lt;anonymous&gt;</failure>
        </testcase>
        <testcase name="ends the process" classname="./a_test.ts" time="0.000" line="2" col="1">
            <error message="Cancelled"/>
        </testcase>
    </testsuite>
    <testsuite name="ext:deno_node/testing.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="group &gt; one" classname="ext:deno_node/testing.ts" time="0.001">
        </testcase>
    </testsuite>
</testsuites>`;

const bunReport = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="2" assertions="0" failures="0" skipped="1" time="0.03">
  <testsuite name="a_test.ts" file="a_test.ts" tests="2" time="0.016863832" hostname="vm">
    <testcase name="plain" classname="" time="0.000887" file="a_test.ts" line="3" />
    <testsuite name="group" file="a_test.ts" line="11" tests="3" time="0" hostname="vm">
      <testcase name="one" classname="group" time="0.000047" file="a_test.ts" line="11">
        <skipped />
      </testcase>
    </testsuite>
  </testsuite>
</testsuites>`;

test("readReport() reads what deno test writes", () => {
  assert.deepEqual(readReport(denoReport), [
    { file: "a_test.ts", name: "plain", outcome: "passed" },
    { file: "a_test.ts", name: 'needs "root"', outcome: "skipped" },
    { file: "a_test.ts", name: "group", outcome: "passed" },
    { file: "a_test.ts", name: "breaks", outcome: "failed" },
    { file: "a_test.ts", name: "ends the process", outcome: "failed" },
    { file: "ext:deno_node/testing.ts", name: "group > one", outcome: "passed" },
  ]);
});

test("readReport() reads what bun test writes", () => {
  assert.deepEqual(readReport(bunReport), [
    { file: "a_test.ts", name: "plain", outcome: "passed" },
    { file: "a_test.ts", name: "group > one", outcome: "skipped" },
  ]);
});

test("leaves() leaves out a group beside its tests", () => {
  const names = leaves(readReport(denoReport)).map(({ name }) => name);
  assert.deepEqual(names, [
    "plain",
    'needs "root"',
    "breaks",
    "ends the process",
    "group > one",
  ]);
});

test("leaves() counts a failure once, where it happened", () => {
  const failed = (name: string) => ({ file: "a_test.ts", name, outcome: "failed" as const });
  const inner = [failed("group"), failed("group > one")];
  assert.deepEqual(leaves(inner), [failed("group > one")]);
  const passed = { file: "a_test.ts", name: "group > one", outcome: "passed" as const };
  assert.deepEqual(leaves([failed("group"), passed]), [failed("group"), passed]);
});
