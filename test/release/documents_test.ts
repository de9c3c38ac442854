import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";
import { trial, trialKey } from "../../scripts/release/trial.ts";
import { version } from "../../src/version.ts";
import { findQuietPort } from "../e2e/stage/quiet_port.ts";
import { missingPrograms, output, readReleased, released } from "./released.ts";
import { type ReleaseServer, serveRelease } from "./release_server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const missing = missingPrograms("curl", "minisign", "npm", "node", "bash", "ssh-keygen");
const name = `the commands of the documents (needs ${missing.join(", ") || "curl, minisign, npm"})`;

/** Commands that can't be run here, each with why. */
const untried: Record<string, string> = {
  "dpkg -i hawser_<version>-1_amd64.deb": "changes the machine: packages_test does it on another",
  "rpm -i hawser-<version>-1.x86_64.rpm": "changes the machine: packages_test does it below a root",
  "apk add --allow-untrusted hawser_<version>-r1_x86_64.apk":
    "there is no Alpine here: packages_test looks at what is in it",
  "brew install ./hawser.rb": "there is no Homebrew here: packages_test stands in for it",
};

/** What a block of commands is, by its first line; each test takes its blocks out. */
const blocks = new Map([...blocksOf("docs/install.md"), ...blocksOf("docs/ci.md")]);

describe(name, { skip: missing.length > 0 }, () => {
  let folder: string;
  let server: ReleaseServer;
  let home: string;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-documents-"));
    home = path.join(folder, "home");
    fs.mkdirSync(path.join(folder, "bin"), { recursive: true });
    fs.mkdirSync(home);
    server = await serveRelease(folder);
    const archive = released(`hawser-@-linux-x64.tar.gz`);
    output("tar", ["-xzf", archive, "-C", folder]);
    const hawser = path.join(folder, `hawser-${version}-linux-x64/hawser`);
    fs.symlinkSync(hawser, path.join(folder, "bin/hawser"));
    // the other machine is this one, with another namespace
    const ssh = '#!/bin/sh\nshift\nHAWSER_NAMESPACE=east exec "$@"\n';
    fs.writeFileSync(path.join(folder, "bin/ssh"), ssh, { mode: 0o755 });
  });
  after(async () => {
    await server?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** Runs lines as they are but for what the document leaves to its reader, in a shell. */
  async function run(lines: string[], env: Record<string, string> = {}): Promise<string> {
    const key = fs.readFileSync(trialKey, "utf8").split("\n")[1]!;
    const script = lines.join("\n").replaceAll("<url>", server.url)
      .replaceAll("<version>", version).replaceAll("<public key>", key);
    const child = spawn("bash", ["-e", "-c", script], {
      cwd: home,
      env: {
        PATH: `${folder}/bin:${process.env["PATH"]}`,
        HOME: home,
        HAWSER_DATA_HOME: path.join(folder, "data"),
        SKUPPER_PLATFORM: "linux",
        SYSTEMD_OFFLINE: "1",
        CURL_CA_BUNDLE: server.caFile,
        HAWSER_BASE_URL: server.url,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => said += text);
    }
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(code, 0, `${script}\n${said}`);
    return said;
  }

  /** The block that begins so, which no other test has run. */
  function take(start: string): string[] {
    const first = [...blocks.keys()].find((line) => line.startsWith(start));
    assert.ok(first !== undefined, `no block begins with ${start}`);
    const lines = blocks.get(first)!;
    blocks.delete(first);
    return lines;
  }

  const installed = () => path.join(home, ".local/bin/hawser");
  const isVersion = new RegExp(`^cli +${version.replaceAll(".", "\\.")}$`, "m");

  test("install.md: the install script", async () => {
    const env = { HAWSER_INSTALL_DIR: path.dirname(installed()) }; // root's is of all users
    await run(take("curl "), env);
    assert.match(output(installed(), ["version"]), isVersion);
    await run(["sh install.sh --uninstall"], env);
    assert.ok(!fs.existsSync(installed()));
  });

  test("install.md: by hand", async () => {
    const files = ["SHA256SUMS", "SHA256SUMS.minisig", `hawser-${version}-linux-x64.tar.gz`];
    for (const file of files) fs.copyFileSync(path.join(trial, file), path.join(home, file));
    await run(take("sha256sum "));
    assert.match(output(installed(), ["version"]), isVersion);
  });

  test("install.md: a package, where its manager is here", async () => {
    const lines = take("dpkg ");
    const tried = lines.filter((line) => !(line in untried));
    assert.deepEqual(tried, ["npm install --global hawser"]);
    const registry = await serveRegistry();
    try {
      const prefix = path.join(folder, "npm");
      await run(tried, { npm_config_prefix: prefix, npm_config_registry: registry.url });
      assert.match(output(path.join(prefix, "bin/hawser"), ["version"]), isVersion);
    } finally {
      await registry.close();
    }
  });

  test("install.md: what Renovate reads", () => {
    const { customDatasources } = JSON.parse(take("{ ").join("\n"));
    const { defaultRegistryUrlTemplate: template } = customDatasources.hawser;
    assert.equal(template, "<url>/releases.json");
    assert.ok(JSON.parse(readReleased("releases.json")).releases.length > 0);
  });

  describe("ci.md", () => {
    before(async () => {
      const link = "--enable-link-access --link-host 127.0.0.1";
      await run([
        `hawser controller start --grant-port ${await findQuietPort()}`,
        `hawser site create west ${link}`,
        "hawser site create east -n east",
      ]);
    });
    after(async () => void await run(["hawser controller stop"]));

    test("GitHub: steps that hand a token to another machine", async () => {
      const [{ steps }] = loadAll(take("steps:").join("\n")) as [
        { steps: { uses?: string; id?: string; run: string; env?: Record<string, string> }[] },
      ];
      assert.deepEqual(steps.map(({ uses, id }) => uses?.replace(/@.*/, "") ?? id), [
        "example/hawser/packaging/setup-hawser",
        "token",
        undefined,
      ]);
      const file = path.join(folder, "output");
      fs.writeFileSync(file, "");
      await run([steps[1]!.run], { GITHUB_ACTIONS: "true", GITHUB_OUTPUT: file });
      const [, output, , value] = /^(\w+)<<(\w+)\n(.*)\n\2$/m.exec(fs.readFileSync(file, "utf8"))!;
      assert.deepEqual(steps[2]!.env, { LINK: `\${{ steps.token.outputs.${output} }}` });
      await run([steps[2]!.run], { LINK: value! });
      assert.match(await run(["hawser link status -n east -o name"]), /^link\.skupper\.io\//);
    });

    test("GitLab: a job that hands a token on", async () => {
      const [{ include, link, redeem }] = loadAll(take("include:").join("\n")) as [
        { include: { component: string }[]; link: GitlabJob; redeem: GitlabJob },
      ];
      assert.equal(include[0]!.component.split("/").at(-1), `hawser@${version}`);
      assert.deepEqual([link.extends, redeem.extends], [".hawser", ".hawser"]);
      assert.equal(link.variables["HAWSER_UNDO_FILE"], "", "or the job would revoke its token");
      await run(link.script, link.variables);
      // as GitLab reads it, and no larger than it takes by default
      const dotenv = fs.readFileSync(path.join(home, link.artifacts.reports.dotenv), "utf8");
      assert.ok(dotenv.length <= 5 * 1024, `${dotenv.length} bytes`);
      const [, name, value] = /^(\w+)=(.*)\n$/.exec(dotenv)!;
      const before = await run(["hawser link status -n east -o name"]);
      await run(redeem.script, { [name!]: value! });
      assert.notEqual(await run(["hawser link status -n east -o name"]), before);
    });

    test("a sealed token", async () => {
      const [makeKey, issue, redeem, ...more] = take("hawser key new");
      assert.deepEqual(more, []);
      const recipient = lastLine(await run([makeKey!]));
      await run([issue!.replace("age1…", recipient)]);
      assert.match(fs.readFileSync(path.join(home, "west.age"), "utf8"), /^-----BEGIN AGE/);
      await run([redeem!], { HAWSER_NAMESPACE: "east" });
    });

    test("a token that is sealed to a key of SSH", async () => {
      await run(['mkdir -p ~/.ssh && ssh-keygen -q -t ed25519 -N "" -f ~/.ssh/id_ed25519']);
      await run(["cp ~/.ssh/id_ed25519.pub ."]);
      const [issue, redeem, ...more] = take('hawser token issue west.age --seal-to "$(cat');
      assert.deepEqual(more, []);
      await run([issue!]);
      await run([redeem!], { HAWSER_NAMESPACE: "east" });
    });

    test("taking back what a job made", async () => {
      const env = { HAWSER_UNDO_FILE: path.join(folder, "undo") };
      const issue = async () => lastLine(await run(["hawser token issue u.yaml -o name"], env));
      const grants = [await issue(), await issue()];
      for (const grant of grants) assert.match(grant, /^accessgrant\.skupper\.io\/west-\w{5}$/);
      fs.appendFileSync(env.HAWSER_UNDO_FILE, "grant revoke 'it'\\''s gone'\n");
      const said = await run(take("tac "), env);
      assert.match(said, /^not undone: grant revoke 'it'\\''s gone'$/m);
      const names = Array.from(said.matchAll(/west-\w{5}/g), ([name]) => name);
      assert.deepEqual(
        [...new Set(names)].map((name) => `accessgrant.skupper.io/${name}`),
        grants.toReversed(),
      );
      const left = await run(["hawser grant list -o name"]);
      for (const grant of grants) assert.ok(!left.includes(grant));
    });

    test("exit codes in a script", async () => {
      await run(["hawser token issue west.yaml"]);
      await run(take("hawser help exit-codes"), { HAWSER_NAMESPACE: "east" });
      await run(["hawser token issue west.yaml --force"]);
      const [retry, wait, ...more] = take("hawser token redeem west.yaml --retry-for");
      assert.deepEqual(more, []);
      const env = { HAWSER_NAMESPACE: "east" };
      const link = lastLine(await run([`${retry} -o name`], env)).replace("link.skupper.io/", "");
      // no router runs here, so none of its states is reached
      assert.match(wait!, / --for operational /);
      await run([wait!.replace("west-abcde", link).replace("operational", "pending")], env);
    });
  });

  test("no block is left, and none that is left out is gone", () => {
    assert.deepEqual([...blocks.keys()], []);
    const text = fs.readFileSync(path.join(root, "docs/install.md"), "utf8");
    for (const line of Object.keys(untried)) assert.ok(text.includes(`    ${line}\n`), line);
  });
});

/** A job as GitLab reads it. */
interface GitlabJob {
  extends: string;
  variables: Record<string, string>;
  script: string[];
  artifacts: { reports: { dotenv: string } };
}

/** The result, which comes behind what is told while one waits. */
function lastLine(said: string): string {
  return said.trim().split("\n").at(-1)!;
}

/** The indented blocks of a document, by their first lines, without what explains a line. */
function blocksOf(document: string): [string, string[]][] {
  const text = fs.readFileSync(path.join(root, document), "utf8");
  return Array.from(text.matchAll(/(?<=\n\n)(?:(?: {4}| {6}).*\n|\n(?= {4}))+/g), ([block]) => {
    const lines = block.trimEnd().split("\n").map((line) => line.slice(4).replace(/ +# .*$/, ""));
    const indent = Math.min(...lines.filter(Boolean).map((line) => line.search(/\S/)));
    const bare = lines.map((line) => line.slice(indent)).filter((line) => line !== "");
    return [bare[0]!, bare];
  });
}

/** A registry of npm with the packages of the release, and no other. */
async function serveRegistry() {
  const tarballs = fs.readdirSync(trial).filter((file) => /^npm-.*\.tgz$/.test(file));
  const packages = tarballs.map((file) => {
    const json = output("tar", ["-xzOf", path.join(trial, file), "package/package.json"]);
    return { file, about: JSON.parse(json) as { name: string } };
  });
  const http = createServer((request, response) => {
    const asked = decodeURIComponent(request.url!.slice(1));
    if (tarballs.includes(asked)) {
      return response.end(fs.readFileSync(path.join(trial, asked)));
    }
    const found = packages.find(({ about }) => about.name === asked);
    response.statusCode = found === undefined ? 404 : 200;
    if (found === undefined) return response.end();
    const dist = { tarball: `http://${request.headers.host}/${found.file}` };
    response.end(JSON.stringify({
      name: asked,
      "dist-tags": { latest: version },
      versions: { [version]: { ...found.about, dist } },
    }));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => http.close(resolve)),
  };
}
