import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../test/fakes/world.ts";
import { memoryPlatform } from "../platform/memory.ts";
import type { PlatformRegistry, PlatformRequest } from "../platform/abilities.ts";
import type { PlatformName } from "../platform/name.ts";
import { appError } from "../errors/app_error.ts";
import { leafWithoutPlatform } from "./leaf.ts";
import { sayFor } from "./command_words.ts";
import type { Runner } from "./runner.ts";
import type { World } from "./streams.ts";

const site = {
  apiVersion: "skupper.io/v2alpha1",
  kind: "Site",
  metadata: { name: "west" },
  spec: { linkAccess: "default" },
} as const;

/** Platforms in memory that record how they were asked for. */
function registry(asked: PlatformRequest[] = []): PlatformRegistry {
  const platform = memoryPlatform("default", "linux");
  return {
    linux: (request) => {
      asked.push(request);
      return Promise.resolve(platform);
    },
  };
}

test("app() prints the result on stdout and nothing on stderr", async () => {
  const { code, stdout, stderr } = await run(["version"]);
  assert.equal(code, 0);
  assert.match(stdout, /^COMPONENT {2}VERSION\ncli {8}\d+\.\d+\.\d+\n$/);
  assert.equal(stderr, "");
});

test("app() words wrong command lines on stderr, with exit code 2 and a suggestion", async () => {
  const table: [string, RegExp][] = [
    ["tokn issue", /^error: Unknown command .tokn.\nhint: .*token/],
    ["token isue", /^error: Unknown command .isue.\nhint: .*issue/],
    ["token issue x --timout 3", /^error: Unknown option .--timout.\nhint: .*--timeout/],
    ["token issue", /^error: Missing required argument .file.\nhint: hawser token issue --help\n$/],
    ["token issue a b", /^error: Too many arguments/],
    ["version -p mars", /^error: .*mars.*kubernetes, docker, podman, linux/],
    ["site status --timeout -1", /^error: .*--timeout.*0 or more/],
    ["site status --timeout abc", /^error: .*--timeout.*0 or more/],
    ["token issue x --redemptions-allowed 0", /^error: .*--redemptions-allowed.*from 1 to/],
    ["token issue x --expiration-window 0", /^error: .*--expiration-window.*from 1s to/],
    ["token redeem x --link-cost 70000", /^error: .*--link-cost.*from 1 to 65535/],
  ];
  for (const [line, wanted] of table) {
    const { code, stdout, stderr } = await run(line.split(" "));
    assert.match(stderr, wanted, line);
    assert.equal(code, 2, line);
    assert.equal(stdout, "", line);
  }
});

test("app() words errors as one JSON object where -o asks for it, wherever it stands", async () => {
  for (const line of ["-o json site", "site -o json", "--output=json site"]) {
    const { code, stdout, stderr } = await run([...line.split(" "), "staus"]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    const { error } = JSON.parse(stderr);
    assert.equal(error.code, "usage");
    assert.equal(error.retryable, false);
  }
});

test("app() takes the shared options before and after the verb", async () => {
  for (const line of ["-p linux -n west site status", "site status -n west -p linux"]) {
    const asked: PlatformRequest[] = [];
    const { code } = await run(line.split(" "), { platforms: registry(asked) });
    assert.equal(code, 3);
    assert.equal(asked[0]!.namespace, "west");
  }
});

test("app() lets the option win over SKUPPER_PLATFORM", async () => {
  const env = { SKUPPER_PLATFORM: "docker" };
  const other = await run(["site", "status"], { env, platforms: registry() });
  assert.match(other.stderr, /^error: Platform "docker" does not support/);
  assert.equal(other.code, 3);
  const linux = await run(["site", "status", "-p", "linux"], { env, platforms: registry() });
  assert.match(linux.stderr, /there is no site/);
});

test("app() takes the platform a namespace was made with, unless it or a cluster is named", async () => {
  const asked: string[] = [];
  const open = (name: PlatformName) => () => {
    asked.push(name);
    return Promise.resolve(memoryPlatform("west", name));
  };
  const platforms: PlatformRegistry = {
    detect: (namespace) => Promise.resolve(namespace === "west" ? "podman" : undefined),
    kubernetes: open("kubernetes"),
    podman: open("podman"),
    linux: open("linux"),
  };
  const table: [string, Record<string, string>, PlatformName][] = [
    ["-n west", {}, "podman"],
    ["-n west", { SKUPPER_PLATFORM: "linux" }, "linux"],
    ["-n west", { SKUPPER_PLATFORM: "kubernetes" }, "kubernetes"],
    ["-n west -p linux", {}, "linux"],
    ["-n west --context c", {}, "kubernetes"],
    ["-n west --kubeconfig f", { SKUPPER_PLATFORM: "kubernetes" }, "kubernetes"],
    ["-n east", { SKUPPER_PLATFORM: "linux" }, "linux"],
    ["-n east", { SKUPPER_PLATFORM: "" }, "kubernetes"],
  ];
  for (const [options, env] of table) {
    const { code } = await run(["site", "status", ...options.split(" ")], { env, platforms });
    assert.equal(code, 3);
  }
  assert.deepEqual(asked, table.map(([, , wanted]) => wanted));
  const named = ["site", "status", "--context", "prod"];
  const contradiction = await run(named, { env: { SKUPPER_PLATFORM: "linux" }, platforms });
  assert.match(contradiction.stderr, /^error: --context is an option of platform "kubernetes"/);
  assert.equal(contradiction.code, 2);
  const wrong = await run(["site", "status"], { env: { SKUPPER_PLATFORM: "mars" }, platforms });
  assert.match(wrong.stderr, /^error: Invalid value "mars" for SKUPPER_PLATFORM/);
  assert.equal(wrong.code, 2);
});

test("app() warns of resources that a platform leaves out", async () => {
  const platforms: PlatformRegistry = {
    linux: ({ onProblem }) => {
      onProblem?.(appError("resource-invalid", { where: "a.yaml", why: "line 3: it is broken" }));
      return Promise.resolve(memoryPlatform());
    },
  };
  const { stdout, stderr } = await run(["link", "status", "-p", "linux"], { platforms });
  assert.equal(stderr, "warning: Invalid resource in a.yaml: line 3: it is broken\n");
  assert.match(stdout, /no link resources/);
});

test("app() repeats -n and -p in the commands it suggests, under the name it was called by", async () => {
  const args = ["site", "status", "-p", "linux", "-n", "a b"];
  const { stderr } = await run(args, { program: "skupper", platforms: registry() });
  assert.match(stderr, /hint: skupper site create default -n 'a b' -p linux\n$/);
  const say = sayFor({ program: "hawser", env: {} } as World, { namespace: "west" });
  assert.equal(say.command("site status"), "hawser site status -n west");
  assert.equal(say.commandForAll("controller start"), "hawser controller start");
});

test("app() prints data as JSON and YAML", async () => {
  const platforms = registry();
  const platform = await platforms.linux!({} as PlatformRequest);
  await platform.apply<"Site">(site, new AbortController().signal);
  const json = await run(["site", "status", "-p", "linux", "-o", "json"], { platforms });
  assert.equal(JSON.parse(json.stdout).metadata.name, "west");
  const yaml = await run(["site", "status", "-p", "linux", "-o", "yaml"], { platforms });
  assert.match(yaml.stdout, /^kind: Site$/m);
});

test("app() ends with 124 when the time is up, and says how to go on", async () => {
  const platforms = registry();
  const args = ["site", "create", "west", "-p", "linux", "--timeout", "50ms"];
  const { code, stdout, stderr } = await run(args, { platforms });
  assert.equal(code, 124);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /error: Timed out after 50ms waiting for site "west" to be ready: Pending\n/,
  );
  assert.match(
    stderr,
    /done: Site "west" is stored.\nhint: To go on from here: hawser site status -p linux\n$/,
  );
});

test("app() ends with 130 on Ctrl-C", async () => {
  const interrupts = new AbortController();
  setTimeout(() => interrupts.abort(appError("interrupted", {})), 20);
  const { code, stderr } = await run(["site", "create", "west", "-p", "linux"], {
    platforms: registry(),
    interrupts: interrupts.signal,
  });
  assert.equal(code, 130);
  assert.match(
    stderr,
    /error: Interrupted while waiting for site "west" to be ready: Pending\ndone: Site "west" is stored.\n/,
  );
});

test("app() shows the stack of a defect, with exit code 70", async () => {
  const platforms = { linux: () => Promise.reject(new TypeError("oops")) };
  const { code, stderr } = await run(["site", "status", "-p", "linux"], { platforms });
  assert.equal(code, 70);
  assert.match(stderr, /^error: This is a defect of the program.*\nTypeError: oops\n/);
});

test("app() offers what fits at the cursor", async () => {
  const table: [string[], string][] = [
    [["tok"], "token\n"],
    [["token", ""], "inspect\nissue\nredeem\nstatus\n"],
    [["token", "issue", "-p", ""], "docker\nkubernetes\nlinux\npodman\n"],
    [["-o", "j"], "json\n"],
    [["token", "issue", "--gr"], "--grant\n"],
    [["completion", "f"], "fish\n"],
  ];
  for (const [words, wanted] of table) {
    const { stdout } = await run(["completion", "candidates", "--", ...words]);
    assert.equal(stdout, wanted, words.join(" "));
  }
});

test("app() prints help for a command and for exit codes", async () => {
  assert.match((await run(["help", "token", "issue"])).stdout, /^Usage: hawser token issue/);
  assert.match((await run(["help", "exit-codes"])).stdout, /\n124 {3}yes {4}timed out\n/);
  assert.equal((await run(["help", "nonsense"])).code, 2);
  assert.match((await run([])).stdout, /^Usage: hawser/);
  assert.match((await run(["site"])).stdout, /^Usage: hawser site/);
});

test("app() called as jf ends with 1 for every failure, unless it is asked to say which", async () => {
  const call = (env: Record<string, string>) => run(["nonsense"], { program: "jf", env });
  assert.equal((await call({})).code, 1);
  assert.equal((await call({ HAWSER_EXIT_CODES: "1" })).code, 2);
  assert.match(
    (await run(["-v"], { program: "jf" })).stdout,
    /^jf version 2\.\d+\.\d+ \(hawser \d+\.\d+\.\d+\)\n$/,
  );
});

test("app() offers what belongs to the name it is called by", async () => {
  const helpOf = async (program: string) => (await run(["help"], { program })).stdout;
  assert.doesNotMatch(await helpOf("jf"), /Skupper/);
  assert.doesNotMatch(await helpOf("skupper"), /JFrog/);
  assert.match(await helpOf("hawser"), /Skupper[^]*JFrog/);
});

test("app() ends a command that does not listen to its end", async () => {
  const forEver = new Promise<never>(() => {});
  const stop = new AbortController();
  const hanging = () => ({
    description: "Hangs",
    nouns: {},
    singles: {
      hang: () =>
        Promise.resolve((run: Runner) =>
          leafWithoutPlatform("hang", "Hang").action(
            run({ text: () => "", windDownMs: 5 }, () => {
              stop.abort(appError("terminated", {}));
              return forEver;
            }),
          )
        ),
    },
  });
  const { code, stderr } = await run(["hang"], {
    interrupts: stop.signal,
    commandsFor: hanging,
  });
  assert.equal(code, 143);
  assert.match(stderr, /^error: /);
});
