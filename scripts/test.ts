import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { buildHere, bunHere, dist, root } from "./build.ts";
import { leaves, readReport, type TestCase } from "./junit.ts";
import { makeTrial, trial } from "./release/trial.ts";

/** Tests that one program runs and reports on. */
interface Suite {
  name: string;
  files: string[];
  /** Words that run the files and write their JUnit report to `report`. */
  command(files: string[], report: string): string[];
}

/** A suite that has not ended by then hangs. */
const suiteLimitMs = 25 * 60_000;

function denoTest(files: string[], report: string): string[] {
  return [process.execPath, "test", "-A", "--no-check", "--parallel", `--junit-path=${report}`]
    .concat(files);
}

function bunTest(files: string[], report: string): string[] {
  return [bunHere(), "test", "--parallel", `--timeout=${suiteLimitMs}`, "--reporter=junit"]
    .concat(`--reporter-outfile=${report}`, files.map((file) => `./${file}`));
}

function suites(): Suite[] {
  const unit = testFiles("src", "platforms", "scripts");
  const contract = testFiles("test/contract");
  return [
    { name: "architecture", files: ownTests("test"), command: denoTest },
    { name: "unit", files: unit, command: denoTest },
    { name: "unit on bun", files: unit, command: bunTest },
    { name: "contract", files: contract, command: denoTest },
    { name: "contract on bun", files: contract, command: bunTest },
    { name: "prove", files: testFiles("test/prove"), command: denoTest },
    { name: "e2e", files: testFiles("test/e2e"), command: denoTest },
    { name: "release", files: testFiles("test/release"), command: denoTest },
  ];
}

/** The tests that lie in the folder itself. */
function ownTests(folder: string): string[] {
  return testFiles(folder).filter((file) => path.posix.dirname(file) === folder);
}

function testFiles(...folders: string[]): string[] {
  return folders
    .filter((folder) => fs.existsSync(path.join(root, folder)))
    .flatMap((folder) =>
      fs.readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
        .map((file) => path.posix.join(folder, file.replaceAll("\\", "/")))
    )
    .filter((file) => file.endsWith("_test.ts"))
    .sort();
}

/** Runs one suite and prints its line, with its whole output if something failed. */
async function runSuite(suite: Suite): Promise<TestCase[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-report-"));
  const report = path.join(folder, "report.xml");
  const { output, ending } = await run(suite.command(suite.files, report));
  const found = fs.existsSync(report) ? readReport(fs.readFileSync(report, "utf8")) : [];
  fs.rmSync(folder, { recursive: true });

  const cases = leaves(found);
  const silent = suite.files.filter((file) => !found.some((one) => one.file === file));
  for (const file of silent) cases.push({ file, name: "(ran no test)", outcome: "failed" });
  if (ending !== undefined && !cases.some(({ outcome }) => outcome === "failed")) {
    cases.push({ file: suite.name, name: `(${ending})`, outcome: "failed" });
  }
  if (cases.some(({ outcome }) => outcome === "failed")) console.log(output);
  console.log(`${suite.name}: ${counts(cases)}`);
  return cases;
}

/** Runs a program; `ending` says how it ended, undefined if well. */
function run(command: string[]): Promise<{ output: string; ending: string | undefined }> {
  return new Promise((resolve) => {
    const child = spawn(command[0]!, command.slice(1), {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: suiteLimitMs,
      killSignal: "SIGKILL",
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => output += text);
    child.on("error", (error) => resolve({ output: `${output}${error}`, ending: "did not start" }));
    child.on("close", (code, signal) => {
      const ending = signal === null ? `ended with code ${code}` : `ended by ${signal}`;
      resolve({ output, ending: code === 0 ? undefined : ending });
    });
  });
}

function counts(cases: TestCase[]): string {
  const count = (wanted: string) => cases.filter(({ outcome }) => outcome === wanted).length;
  return `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
}

/** Why a skipped test counts as failed, or nothing. No report gives a reason, so the name must. */
function objectionToSkip({ name }: TestCase): string {
  if (!/\(needs .+\)/.test(name)) return ", and its name does not say (needs …)";
  return process.env["CI"] === "true" ? ", though CI must have what it needs" : "";
}

async function checkTypes(): Promise<TestCase> {
  const { output, ending } = await run([process.execPath, "task", "--quiet", "check"]);
  return step("types", ending === undefined ? undefined : output);
}

/** What a suite's tests run, by its name; they fail by themselves where it can't be made. */
const builds: Record<string, { outfile: string; make: () => unknown }> = {
  e2e: { outfile: path.join(dist, "hawser"), make: buildHere },
  release: { outfile: trial, make: makeTrial },
};

function build(suite: string): TestCase[] {
  const wanted = builds[suite];
  if (wanted === undefined) return [];
  try {
    fs.rmSync(wanted.outfile, { recursive: true, force: true });
    wanted.make();
    return [step(`build of ${suite}`, undefined)];
  } catch (error) {
    return [step(`build of ${suite}`, String(error))];
  }
}

/** A step that counts as one test; `failure` is what to print if it failed. */
function step(name: string, failure: string | undefined): TestCase {
  const outcome = failure === undefined ? "passed" : "failed";
  const result: TestCase = { file: "deno.json", name, outcome };
  if (failure !== undefined) console.log(failure);
  console.log(`${name}: ${counts([result])}`);
  return result;
}

/**
 * Runs the suites one after another (each uses all cores), or only the one named `only`, or of that
 * one only the files whose path holds `part`. The last line counts all tests.
 */
async function main(only: string | undefined, part: string | undefined): Promise<void> {
  const chosen = suites()
    .filter(({ name }) => only === undefined || name.split(" ")[0] === only)
    .map((suite) => ({ ...suite, files: suite.files.filter((file) => file.includes(part ?? "")) }))
    .filter(({ files }) => files.length > 0);
  const cases = only === undefined ? [await checkTypes()] : [];
  for (const suite of chosen) {
    cases.push(...build(suite.name));
    cases.push(...await runSuite(suite));
  }

  for (const one of cases.filter(({ outcome }) => outcome === "skipped")) {
    const objection = objectionToSkip(one);
    console.log(`skipped${objection}: ${one.file}: ${one.name}`);
    if (objection !== "") one.outcome = "failed";
  }
  for (const { file, name } of cases.filter(({ outcome }) => outcome === "failed")) {
    console.log(`failed: ${file}: ${name}`);
  }
  console.log(counts(cases));
  if (cases.length === 0 || cases.some(({ outcome }) => outcome === "failed")) process.exitCode = 1;
}

if (import.meta.main) await main(process.argv[2], process.argv[3]);
