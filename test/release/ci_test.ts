import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import type { ServerResponse } from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";
import { trialKey } from "../../scripts/release/trial.ts";
import { version } from "../../src/version.ts";
import { findQuietPort } from "../e2e/stage/quiet_port.ts";
import { missingPrograms, output, readReleased } from "./released.ts";
import { cutOff, type ReleaseServer, serveRelease } from "./release_server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const archive = `hawser-${version}-linux-x64.tar.gz`;
const missing = missingPrograms("node", "curl", "bash");

interface Ended {
  code: number | null;
  /** All that the job's log would have. */
  log: string;
}

describe("CI systems (needs node, curl, bash)", { skip: missing.length > 0 }, () => {
  let folder: string;
  let server: ReleaseServer;
  let env: Record<string, string>;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-ci-"));
    server = await serveRelease(folder);
    env = {
      PATH: process.env["PATH"]!,
      HOME: folder,
      HAWSER_DATA_HOME: path.join(folder, "data"),
      SKUPPER_PLATFORM: "linux",
      SYSTEMD_OFFLINE: "1",
      NODE_EXTRA_CA_CERTS: server.caFile,
      CURL_CA_BUNDLE: server.caFile,
    };
  });
  after(async () => {
    await server?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a step of a job; what it prints is the job's log. */
  function run(program: string, args: string[], more: Record<string, string> = {}): Promise<Ended> {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...env, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => log += text);
    }
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, log })));
  }

  async function succeed(words: string[], more: Record<string, string> = {}): Promise<string> {
    const { code, log } = await run(words[0]!, words.slice(1), more);
    assert.equal(code, 0, `${words.join(" ")}\n${log}`);
    return log;
  }

  /** The code of the token in the text, which must be nowhere else. */
  function codeIn(text: string): string {
    return /"code":"([^"]+)"/.exec(text)![1]!;
  }

  /** A site with a controller, for as long as the body takes. */
  async function withSite(hawser: string, body: () => Promise<void>): Promise<void> {
    const link = ["--enable-link-access", "--link-host", "127.0.0.1"];
    await succeed([hawser, "site", "create", "west", "-n", "west", ...link]);
    await succeed([hawser, "controller", "start", "--grant-port", await findQuietPort()]);
    try {
      await body();
    } finally {
      await succeed([hawser, "controller", "stop"]);
      await succeed([hawser, "site", "delete", "-n", "west"]);
    }
  }

  async function grantsLeft(hawser: string): Promise<number> {
    return JSON.parse(await succeed([hawser, "grant", "list", "-n", "west", "-o", "json"])).length;
  }

  describe("GitHub's action setup-hawser", () => {
    const action = path.join(root, "packaging/setup-hawser");
    const files = ["GITHUB_PATH", "GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STATE"];

    /** Runs the action as the runner does; returns what it told the runner. */
    async function setUp(inputs: Record<string, string> = {}) {
      const runner = fs.mkdtempSync(path.join(folder, "runner-"));
      const told = Object.fromEntries(files.map((name) => [name, path.join(runner, name)]));
      for (const file of Object.values(told)) fs.writeFileSync(file, "");
      const ended = await run("node", [path.join(action, "main.js")], {
        ...told,
        "GITHUB_ACTIONS": "true",
        "RUNNER_TEMP": runner,
        "RUNNER_TOOL_CACHE": path.join(folder, "tools"),
        "INPUT_BASE-URL": server.url,
        "INPUT_REVOKE": "true",
        ...inputs,
      });
      const read = (name: string) =>
        Object.fromEntries(
          fs.readFileSync(told[name]!, "utf8").trim().split("\n")
            .map((line) => line.split(/=(.*)/s).slice(0, 2)),
        );
      return { ...ended, told, runner, read };
    }

    test("is described as its files are", () => {
      const [described] = loadAll(fs.readFileSync(path.join(action, "action.yml"), "utf8")) as [
        { runs: Record<string, string> },
      ];
      const { main, post, "post-if": when } = described.runs;
      assert.equal(when, "always()");
      for (const file of [main, post]) assert.ok(fs.existsSync(path.join(action, file!)));
    });

    test("installs, hands a token over, and revokes at the end; no log has the code", async () => {
      const key = fs.readFileSync(trialKey, "utf8").split("\n")[1]!;
      const { code, log, told, read } = await setUp({ "INPUT_PUBLIC-KEY": key });
      assert.equal(code, 0, log);
      const bin = fs.readFileSync(told["GITHUB_PATH"]!, "utf8").trim();
      const hawser = path.join(bin, "hawser");
      assert.deepEqual(read("GITHUB_OUTPUT"), { version, path: hawser });
      await withSite(hawser, async () => {
        const output = path.join(folder, "output");
        fs.writeFileSync(output, "");
        const logs = [log];
        logs.push(
          await succeed(
            [hawser, "token", "issue", "-n", "west", "--to", "github-output"],
            { ...read("GITHUB_ENV"), GITHUB_ACTIONS: "true", GITHUB_OUTPUT: output },
          ),
        );
        const secret = codeIn(fs.readFileSync(output, "utf8"));
        assert.equal(await grantsLeft(hawser), 1);
        const { undo, executable } = read("GITHUB_STATE");
        const state = { STATE_undo: undo!, STATE_executable: executable! };
        logs.push(await succeed(["node", path.join(action, "post.js")], state));
        assert.equal(await grantsLeft(hawser), 0);
        assert.ok(!fs.existsSync(undo!));
        const shown = logs.join("").replaceAll(/^::add-mask::.*$/gm, "");
        assert.doesNotMatch(shown, new RegExp(secret));
        assert.match(shown, /^hawser grant revoke west-\w+ -n west -p linux$/m);
        fs.rmSync(output);
      });
    });

    test("fetches nothing that is there already, unless it was changed", async () => {
      server.requests.length = 0;
      const { code, log, told } = await setUp();
      assert.equal(code, 0, log);
      assert.deepEqual(server.requests, []);
      const hawser = path.join(fs.readFileSync(told["GITHUB_PATH"]!, "utf8").trim(), "hawser");
      fs.appendFileSync(hawser, "x");
      assert.equal((await setUp()).code, 0);
      assert.equal(server.requests.length, 2);
      fs.rmSync(path.join(folder, "tools"), { recursive: true });
    });

    test("jobs beside each other that share the tools install them once", async () => {
      const jobs = await Promise.all([1, 2].map(() => setUp()));
      assert.deepEqual(jobs.map(({ code, log }) => code === 0 ? "" : log), ["", ""]);
      assert.deepEqual(fs.readdirSync(path.join(folder, "tools/hawser", version)), ["linux-x64"]);
      fs.rmSync(path.join(folder, "tools"), { recursive: true });
    });

    const refusals: [string, Record<string, string>, RegExp][] = [
      ["another sum", { INPUT_SHA256: "0".repeat(64) }, /is not what was released/],
      ["http", { "INPUT_BASE-URL": "http://127.0.0.1:1" }, /does not begin with https/],
      ["an unknown version", { INPUT_VERSION: "9.9.9" }, /can't be fetched: 404/],
      ["another key", { "INPUT_PUBLIC-KEY": btoa("x".repeat(42)) }, /is not signed/],
    ];
    for (const [what, inputs, said] of refusals) {
      test(`refuses ${what}, and leaves nothing`, async () => {
        const { code, log, told } = await setUp(inputs);
        assert.equal(code, 1, log);
        assert.match(log, /^::error::/);
        assert.match(log, said);
        assert.equal(fs.readFileSync(told["GITHUB_PATH"]!, "utf8"), "");
        assert.ok(!fs.existsSync(path.join(folder, "tools/hawser", version)));
      });
    }

    test("follows a redirect over TLS, and none that leaves it", async () => {
      const elsewhere = (location: string) => (response: ServerResponse) => {
        response.writeHead(302, { location }).end();
      };
      server.spoiled["SHA256SUMS"] = elsewhere(`http://${new URL(server.url).host}/x`);
      const left = await setUp();
      assert.equal(left.code, 1);
      assert.match(left.log, /^::error::http:.* does not begin with https/m);
      // what is small: Deno's server leaves large answers behind a redirect unsent at times
      server.spoiled["SHA256SUMS"] = elsewhere(`${server.url}/v${version}/moved`);
      server.spoiled["moved"] = (response) => response.end(readReleased("SHA256SUMS"));
      const { code, log } = await setUp();
      assert.equal(code, 0, log);
      for (const name of ["SHA256SUMS", "moved"]) delete server.spoiled[name];
      fs.rmSync(path.join(folder, "tools"), { recursive: true });
    });

    test("a download that is cut off is an error", async () => {
      server.spoiled[archive] = cutOff(archive);
      const { code, log } = await setUp();
      delete server.spoiled[archive];
      assert.equal(code, 1);
      assert.match(log, /^::error::/);
    });

    test("what can't be taken back is a warning", async () => {
      const undo = path.join(folder, "undo");
      fs.writeFileSync(undo, "grant revoke 'it'\\''s gone'\n");
      const said = await succeed(["node", path.join(action, "post.js")], {
        STATE_undo: undo,
        STATE_executable: "false",
      });
      assert.match(said, /^::warning::"hawser grant revoke 'it'\\''s gone'" ended with 1/m);
    });
  });

  describe("GitLab's component", () => {
    interface Job {
      variables: Record<string, string>;
      before_script: string[];
      after_script: string[];
    }

    /** The job as GitLab makes it: inputs filled in, then its variables. */
    function makeJob(inputs: Record<string, string>) {
      const text = fs.readFileSync(path.join(root, "templates/hawser.yml"), "utf8")
        .replaceAll(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name) => inputs[name] ?? "");
      const job = (loadAll(text)[1] as Record<string, Job>)[".hawser"]!;
      const given: Record<string, string> = {
        CI_PROJECT_DIR: path.join(folder, "a project"),
        CI_JOB_ID: "7",
      };
      fs.mkdirSync(given["CI_PROJECT_DIR"]!, { recursive: true });
      const expand = (value: string) => value.replaceAll(/\$(CI_\w+)/g, (_, name) => given[name]!);
      const variables = Object.fromEntries(
        Object.entries(job.variables).map(([name, value]) => [name, expand(value)]),
      );
      return { job, variables: { ...given, ...variables } };
    }

    test("installs, hands a token over by dotenv, and revokes; nothing is left", async () => {
      const { job, variables } = makeJob({ version, base_url: server.url });
      const dotenv = path.join(folder, "a project/job.env");
      const link = "--enable-link-access --link-host 127.0.0.1";
      const script = [
        ...job.before_script,
        `hawser site create west -n west ${link}`,
        `hawser controller start --grant-port ${await findQuietPort()}`,
        `hawser token issue -n west --to "gitlab-dotenv:${dotenv}"`,
      ];
      let log = await succeed(["bash", "-e", "-c", script.join("\n")], variables);
      const secret = codeIn(fs.readFileSync(dotenv, "utf8"));
      const kept = path.join(folder, "kept");
      fs.copyFileSync(path.join(variables["HAWSER_FOLDER"]!, "hawser"), kept);
      fs.chmodSync(kept, 0o755);
      assert.equal(await grantsLeft(kept), 1);
      log += await succeed(["bash", "-c", job.after_script.join("\n")], variables);
      assert.equal(await grantsLeft(kept), 0);
      await succeed([kept, "controller", "stop"]);
      await succeed([kept, "site", "delete", "-n", "west"]);
      assert.doesNotMatch(log, new RegExp(secret));
      assert.deepEqual(fs.readdirSync(path.join(folder, "a project.tmp")), []);
    });

    test("takes what is signed by the public key, and ends the job else (needs minisign)", {
      skip: missingPrograms("minisign").length > 0,
    }, async () => {
      const other = path.join(folder, "other");
      output("minisign", ["-G", "-W", "-p", `${other}.pub`, "-s", other]);
      const keyIn = (file: string) => fs.readFileSync(file, "utf8").split("\n")[1]!;
      const keys = { released: keyIn(trialKey), other: keyIn(`${other}.pub`) };
      for (const [which, key] of Object.entries(keys)) {
        const { job, variables } = makeJob({ version, base_url: server.url, public_key: key });
        const script = [...job.before_script, "echo went on"].join("\n");
        const { code, log } = await run("bash", ["-e", "-c", script], variables);
        assert.equal(code === 0, which === "released", log);
        assert.equal(/^went on$/m.test(log), which === "released");
        fs.rmSync(path.join(folder, "a project.tmp"), { recursive: true });
      }
    });

    for (const shell of [["dash"], ["busybox", "sh"]]) {
      test(`does so in an image without bash (needs ${shell[0]})`, {
        skip: missingPrograms(shell[0]!).length > 0,
      }, async () => {
        const { job, variables } = makeJob({ version, base_url: server.url });
        const script = [...job.before_script, "hawser version"].join("\n");
        assert.match(await succeed([...shell, "-e", "-c", script], variables), /^cli +\d/m);
        fs.writeFileSync(variables["HAWSER_UNDO_FILE"]!, "version\nversion -q\n");
        const after = await succeed([...shell, "-c", job.after_script.join("\n")], variables);
        assert.match(after, /^COMPONENT[^]*cli [^\n]*\n$/);
        assert.deepEqual(fs.readdirSync(path.join(folder, "a project.tmp")), []);
      });
    }

    test("takes back what was made last first, whatever a command reads or says", async () => {
      const { job, variables } = makeJob({ version, base_url: server.url });
      const bin = variables["HAWSER_FOLDER"]!;
      fs.mkdirSync(bin, { recursive: true });
      // reads all that it is given, as ssh would, and fails once
      const stub = `#!/bin/sh\ncat >/dev/null\necho "ran $*"\n[ "$2" != "it's" ]\n`;
      fs.writeFileSync(path.join(bin, "hawser"), stub, { mode: 0o755 });
      fs.writeFileSync(variables["HAWSER_UNDO_FILE"]!, "undo 1\nundo 'it'\\''s' 2\nundo 3\n");
      const log = await succeed(["bash", "-c", job.after_script.join("\n")], variables);
      assert.equal(log, "ran undo 3\nran undo it's 2\nnot undone: undo 'it'\\''s' 2\nran undo 1\n");
      assert.deepEqual(fs.readdirSync(path.join(folder, "a project.tmp")), []);
    });

    test("ends the job where the sum is another", async () => {
      const { job, variables } = makeJob({ version, base_url: server.url, sha256: "0".repeat(64) });
      const script = [...job.before_script, "echo went on"].join("\n");
      const { code, log } = await run("bash", ["-e", "-c", script], variables);
      assert.notEqual(code, 0);
      assert.doesNotMatch(log, /went on/);
      assert.ok(readReleased("SHA256SUMS").includes(archive));
    });
  });
});
