/** One test of a JUnit report. */
export interface TestCase {
  /** As the runner names it; Deno gives a file of its own to what stands inside `describe`. */
  file: string;
  name: string;
  outcome: "passed" | "failed" | "skipped";
}

const testCase = /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/**
 * Reads the tests out of a JUnit report as `deno test` and `bun test` write it. A test that holds
 * other tests stands in Deno's report beside them, as `outer` beside `outer > inner`.
 */
export function readReport(xml: string): TestCase[] {
  return [...xml.matchAll(testCase)].map(([, attributes = "", body = ""]) => {
    const group = attribute(attributes, "classname");
    const file = attribute(attributes, "file") || group;
    const name = attribute(attributes, "name");
    return {
      file: file.replace(/^\.\//, ""),
      name: file === group || group === "" ? name : `${group} > ${name}`,
      outcome: outcomeOf(body),
    };
  });
}

/**
 * The tests that hold no others, and those that failed though what they hold did not: what is
 * counted.
 */
export function leaves(cases: TestCase[]): TestCase[] {
  return cases.filter((outer) => {
    const inner = cases.filter(({ name }) => name.startsWith(`${outer.name} > `));
    if (outer.outcome !== "failed") return inner.length === 0;
    return !inner.some(({ outcome }) => outcome === "failed");
  });
}

function outcomeOf(body: string): TestCase["outcome"] {
  if (/<(failure|error)\b/.test(body)) return "failed";
  return /<skipped\b/.test(body) ? "skipped" : "passed";
}

function attribute(attributes: string, name: string): string {
  const value = attributes.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1] ?? "";
  return value
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"').replaceAll(/&#39;|&apos;/g, "'")
    .replaceAll("&amp;", "&");
}
