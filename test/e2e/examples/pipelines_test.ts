import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { test } from "node:test";
import type { AccessApi } from "../../fakes/access_api.ts";
import { type AccessStage, shareAccessStage } from "../stage/access_stage.ts";
import { searchFor } from "./canaries.ts";
import { withoutMasks } from "../stage/secrets.ts";
import { loadExample, readExample, succeedInShell } from "./example.ts";

const shared = shareAccessStage();

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<
    string,
    { env: Record<string, string>; steps: { name: string; uses?: string; run: string }[] }
  >;
}

interface GitlabPipeline {
  deploy: {
    variables: Record<string, string>;
    id_tokens: Record<string, { aud: string }>;
    script: string[];
    after_script: string[];
  };
}

/** Secrets that the CI system gives to a job. */
const canaries = { request: "canary-request-4711-abcdef", id: "canary-identity-0815-ghijkl" };

const missing = ["curl", "jq"].filter((name) => spawnSync(name, ["--version"]).error !== undefined);
const needs = missing.length === 0 ? "" : ` (needs ${missing.join(", ")})`;

test(
  `the steps of github-actions.yml log in, make a token, and revoke it${needs}`,
  { skip: missing.length > 0 },
  shared.use(async ({ sandbox, api }) => {
    const [workflow] = loadExample<Workflow>("github-actions.yml");
    assert.equal(workflow!.permissions["id-token"], "write");
    const { env, steps } = workflow!.jobs["deploy"]!;
    assert.deepEqual(Object.keys(env), ["JFROG_CLI_URL"]);
    const tokens = await startIdTokens(canaries.request, canaries.id);
    const search = searchFor(sandbox);
    const logs: string[] = [];
    try {
      const cwd = path.dirname(sandbox.write("github/env", ""));
      const before = api.tokens.all.length;
      assert.match(steps[0]!.uses ?? "", /\/packaging\/setup-hawser@v/);
      for (const { run } of steps.slice(1)) {
        const stored = Array.from(
          sandbox.read("github/env").matchAll(/^(\w+)<<(\w+)\n([\s\S]*?)\n\2$/gm),
          ([, name, , value]) => [name!, value!],
        );
        const { stdout, stderr } = await succeedInShell(sandbox, run, {
          cwd,
          printsMasks: true,
          env: {
            JFROG_CLI_URL: withoutSlash(api),
            ACTIONS_ID_TOKEN_REQUEST_URL: `${tokens.url}?api-version=2.0`,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN: canaries.request,
            GITHUB_ENV: path.join(cwd, "env"),
            GITHUB_RUN_ID: "7",
            ...Object.fromEntries(stored),
          },
        });
        logs.push(...[stdout, stderr].map(withoutMasks));
      }
      assert.equal(tokens.asked.join(), "/?api-version=2.0&audience=jfrog");
      const made = api.tokens.all.slice(before);
      // the exchanged one is left, the one made of it is revoked
      assert.deepEqual(made.map(({ description }) => description), [undefined]);
      assert.deepEqual(fs.readdirSync(cwd), ["env"]);
      search.end({
        secrets: [canaries.request, canaries.id, ...secretsOf(api)],
        logs,
        folder: cwd,
        // what the runner gives to a step, and what --to github-env is for
        files: { env: valuesOf(api) },
        variables: {
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: [canaries.request],
          JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: [canaries.id],
          JFROG_CLI_ACCESS_TOKEN: valuesOf(api),
        },
      });
    } finally {
      await tokens.close();
    }
  }),
);

test(
  "the script of gitlab-ci.yml configures the server, makes a token, and leaves nothing behind",
  shared.use(async ({ sandbox, api }) => {
    const [pipeline] = loadExample<GitlabPipeline>("gitlab-ci.yml");
    const { variables, id_tokens, script, after_script } = pipeline!.deploy;
    assert.deepEqual(Object.keys(id_tokens), ["JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID"]);
    const cwd = path.dirname(sandbox.write("gitlab/README", ""));
    const home = (variables["JFROG_CLI_HOME_DIR"] ?? "").replace("$CI_PROJECT_DIR", cwd);
    const env = {
      ...variables,
      ...trust(home, api),
      JFROG_URL: withoutSlash(api),
      JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: canaries.id,
    };
    const search = searchFor(sandbox);
    const main = await succeedInShell(sandbox, script.join("\n"), { cwd, env });
    const { access_token } = JSON.parse(sandbox.read("gitlab/deploy-token.json"));
    assert.ok(api.tokens.all.some(({ value }) => value === access_token));
    const after = await succeedInShell(sandbox, after_script.join("\n"), { cwd, env });
    search.end({
      secrets: [canaries.id, ...secretsOf(api)],
      logs: [main, after].flatMap(({ stdout, stderr }) => [stdout, stderr]),
      folder: cwd,
      files: {},
      variables: { JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: [canaries.id] },
    });
    assert.deepEqual(fs.readdirSync(cwd).sort(), [".jfrog", "README"]);
    const config = fs.readFileSync(path.join(home, "jfrog-cli.conf.v6"), "utf8");
    assert.deepEqual(JSON.parse(config).servers, []);
  }),
);

test(
  "the stages of the Jenkinsfile do with jf's names what jf does",
  shared.use(async (stage) => {
    const { sandbox, api, admin } = stage;
    await callAsJf(stage);
    const text = readExample("Jenkinsfile");
    const [logIn, make, end, ...more] = Array.from(
      text.matchAll(/sh '''\n([\s\S]*?)'''/g),
      ([, commands]) => commands!,
    );
    assert.deepEqual(more, []);
    const cwd = path.dirname(sandbox.write("jenkins/README", ""));
    const home = path.join(cwd, ".jfrog");
    const shell = {
      cwd,
      env: {
        ...trust(home, api),
        JFROG_URL: withoutSlash(api),
        CI: "true",
        BUILD_TAG: "jenkins-deploy-7",
      },
    };
    const env = { ...shell.env, JFROG_TOKEN: admin.value };
    const search = searchFor(sandbox);
    const first = await succeedInShell(sandbox, logIn!, { ...shell, env });
    assert.match(first.stdout, /^Server ID:\t+acme$/m);
    const second = await succeedInShell(sandbox, make!, shell);
    const { access_token } = JSON.parse(sandbox.read("jenkins/token.json"));
    const made = api.tokens.all.find(({ value }) => value === access_token);
    assert.equal(made?.description, "jenkins-deploy-7");
    const last = await succeedInShell(sandbox, end!, shell);
    search.end({
      secrets: secretsOf(api),
      logs: [first, second, last].flatMap(({ stdout, stderr }) => [stdout, stderr]),
      folder: cwd,
      files: {},
      variables: { JFROG_TOKEN: [admin.value] },
    });
    assert.ok(!fs.existsSync(path.join(cwd, "token.json")));
  }),
);

test("no pipeline printed a token or left one where others can read it", shared.end);

/** Makes the executable callable as jf, as the example's agent has it. */
async function callAsJf({ call }: AccessStage): Promise<void> {
  assert.equal((await call(["version"], { calledAs: "jf" })).code, 0);
}

/** Every secret that the server has given out. */
function secretsOf({ tokens }: AccessApi): string[] {
  return tokens.all.flatMap(({ value, refresh, reference }) =>
    [value, refresh, reference].filter((secret) => secret !== undefined)
  );
}

function valuesOf({ tokens }: AccessApi): string[] {
  return tokens.all.map(({ value }) => value);
}

function withoutSlash({ url }: AccessApi): string {
  return url.slice(0, -1);
}

/** A home of jf that trusts the server, as variable of the environment. */
function trust(home: string, { ca }: AccessApi): Record<string, string> {
  const certs = path.join(home, "security/certs");
  fs.mkdirSync(certs, { recursive: true });
  fs.writeFileSync(path.join(certs, "ca.pem"), ca);
  return { JFROG_CLI_HOME_DIR: home };
}

/** Gives out id tokens as GitHub does: to whoever has the request token. */
async function startIdTokens(requestToken: string, idToken: string) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    const isKnown = request.headers.authorization === `Bearer ${requestToken}`;
    response.statusCode = isKnown ? 200 : 401;
    response.end(JSON.stringify(isKnown ? { value: idToken } : {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    asked,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
