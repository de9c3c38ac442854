import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import type { ServerResponse } from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { trialKey } from "../../scripts/release/trial.ts";
import { version } from "../../src/version.ts";
import { isRoot } from "../e2e/stage/harness.ts";
import { missingPrograms, output, readReleased, released } from "./released.ts";
import { cutOff, type ReleaseServer, serveRelease } from "./release_server.ts";

const missing = missingPrograms("curl", "dash", "busybox", "bash", "shellcheck", "minisign");
const archive = `hawser-${version}-linux-x64.tar.gz`;

describe(`install.sh (needs ${missing.join(", ") || "curl"})`, { skip: missing.length > 0 }, () => {
  let folder: string;
  let server: ReleaseServer;
  let dir: string;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-install-"));
    server = await serveRelease(folder);
    dir = path.join(folder, "home/.local/bin");
  });
  after(async () => {
    await server?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  interface Ended {
    code: number | null;
    stderr: string;
  }

  /** Runs the script as a user does who is not root, with no terminal. */
  function install(
    args: string[] = [],
    env: Record<string, string> = {},
    shell: string[] = ["dash"],
  ): Promise<Ended> {
    const child = spawn(shell[0]!, [...shell.slice(1), released("install.sh"), ...args], {
      cwd: folder,
      env: {
        PATH: process.env["PATH"]!,
        HOME: path.join(folder, "home"),
        CURL_CA_BUNDLE: server.caFile,
        HAWSER_BASE_URL: server.url,
        HAWSER_INSTALL_DIR: dir,
        ...env,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, stderr })));
  }

  /** The script must fail so, and leave what was there before. */
  async function refuse(said: RegExp, env: Record<string, string> = {}): Promise<void> {
    fs.mkdirSync(dir, { recursive: true });
    fs.writeFileSync(path.join(dir, "hawser"), "the one before");
    const { code, stderr } = await install([], env);
    assert.equal(code, 1, stderr);
    assert.match(stderr, said);
    assert.deepEqual(fs.readdirSync(dir), ["hawser"]);
    assert.equal(fs.readFileSync(path.join(dir, "hawser"), "utf8"), "the one before");
    fs.rmSync(path.join(dir, "hawser"));
  }

  test("is POSIX sh, and says the version and url of its release", () => {
    output("shellcheck", [released("install.sh")]);
    output("shellcheck", [fileURLToPath(new URL("../../packaging/preremove.sh", import.meta.url))]);
    const text = readReleased("install.sh");
    assert.ok(text.includes(`\nversion=\${HAWSER_VERSION:-${version}}\n`));
    assert.ok(text.includes("\nbase_url=${HAWSER_BASE_URL:-https://localhost:1/hawser}\n"));
  });

  for (const shell of [["dash"], ["busybox", "sh"], ["bash"]]) {
    test(`installs and removes what runs, under ${shell[0]}`, async () => {
      const key = fs.readFileSync(trialKey, "utf8").split("\n")[1]!;
      const { code, stderr } = await install([], { HAWSER_PUBLIC_KEY: key }, shell);
      assert.equal(code, 0, stderr);
      assert.equal(stderr, `hawser ${version} is ${dir}/hawser\n${dir} is not in PATH\n`);
      assert.deepEqual(fs.readdirSync(dir), ["hawser"]);
      assert.equal(fs.statSync(path.join(dir, "hawser")).mode & 0o777, 0o755);
      assert.match(output(path.join(dir, "hawser"), ["version"]), /^cli +\d/m);

      const removed = await install(["--uninstall"], {}, shell);
      assert.deepEqual(removed, { code: 0, stderr: `${dir}/hawser is removed\n` });
      assert.deepEqual(fs.readdirSync(dir), []);
      assert.equal((await install(["--uninstall"], {}, shell)).code, 0);
    });
  }

  describe("where curl is missing", () => {
    /** All programs but curl; with this wget, if it is given. */
    function pathWithout(wget?: string): string {
      const bin = fs.mkdtempSync(path.join(folder, "bin-"));
      const folders = ["/usr/bin", "/bin"];
      for (const name of new Set(folders.flatMap((from) => fs.readdirSync(from)))) {
        if (name === "curl" || name === "wget") continue;
        const from = folders.find((from) => fs.existsSync(path.join(from, name)));
        if (from !== undefined) fs.symlinkSync(path.join(from, name), path.join(bin, name));
      }
      if (wget !== undefined) fs.symlinkSync(wget, path.join(bin, "wget"));
      return bin;
    }
    const [gnuWget = ""] = ["/usr/bin/wget", "/usr/local/bin/wget"].filter(fs.existsSync);
    const needsWget = { skip: gnuWget === "" };
    let env: Record<string, string>;
    before(() => {
      const settings = path.join(folder, "wgetrc");
      fs.writeFileSync(settings, `ca_certificate = ${server.caFile}\n`);
      env = { PATH: pathWithout(gnuWget), WGETRC: settings };
    });

    test("GNU's wget does as well (needs wget)", needsWget, async () => {
      const moved = `${server.url}/v${version}/moved`;
      const move = (response: ServerResponse) => response.writeHead(302, { location: moved }).end();
      server.spoiled["SHA256SUMS"] = move;
      server.spoiled["moved"] = (response) => response.end(readReleased("SHA256SUMS"));
      const { code, stderr } = await install([], env);
      assert.equal(code, 0, stderr);
      assert.match(output(path.join(dir, "hawser"), ["version"]), /^cli +\d/m);
      for (const name of ["SHA256SUMS", "moved"]) delete server.spoiled[name];
      server.spoiled[archive] = cutOff(archive);
      await refuse(/linux-x64\.tar\.gz can't be fetched/, env);
      delete server.spoiled[archive];
    });

    test(
      "wget is kept to TLS, whatever the server redirects to (needs wget)",
      needsWget,
      async () => {
        const location = `http://${new URL(server.url).host}/SHA256SUMS`;
        server.spoiled["SHA256SUMS"] = (response) => response.writeHead(302, { location }).end();
        await refuse(/http:\S+ does not begin with https/, env);
        const empty = path.join(folder, "empty");
        fs.writeFileSync(empty, "");
        delete server.spoiled["SHA256SUMS"];
        await refuse(/can't be fetched/, { ...env, WGETRC: empty });
      },
    );

    test("another wget is not trusted, and none is an error", async () => {
      const busybox = spawnSync("which", ["busybox"], { encoding: "utf8" }).stdout.trim();
      await refuse(/this wget is not GNU's/, { PATH: pathWithout(busybox) });
      await refuse(/curl and wget are missing/, { PATH: pathWithout() });
    });
  });

  test("goes where spaces are, and into nothing that is a folder", async () => {
    const home = path.join(folder, "a home");
    const { code, stderr } = await install([], { HAWSER_INSTALL_DIR: path.join(home, "b in") });
    assert.equal(code, 0, stderr);
    assert.match(output(path.join(home, "b in/hawser"), ["version"]), /^cli +\d/m);
    fs.mkdirSync(path.join(home, "hawser"));
    const other = await install([], { HAWSER_INSTALL_DIR: home });
    assert.equal(other.code, 1);
    assert.match(other.stderr, /a home\/hawser is a folder/);
    assert.deepEqual(fs.readdirSync(path.join(home, "hawser")), []);
    assert.deepEqual(fs.readdirSync(home).sort(), ["b in", "hawser"]);
  });

  test("refuses an archive with another sum than SHA256SUMS has", async () => {
    server.spoiled[archive] = (response) => response.end("another file");
    await refuse(/hawser-.* is not what was released: its SHA-256 is [0-9a-f]{64}, and should be/);
    delete server.spoiled[archive];
  });

  test("refuses another sum than the one it is given, and asks for no SHA256SUMS", async () => {
    server.requests.length = 0;
    await refuse(/is not what was released/, { HAWSER_SHA256: "0".repeat(64) });
    assert.deepEqual(server.requests, [`GET /hawser/v${version}/${archive}`]);
  });

  test("refuses SHA256SUMS that another key has signed", async () => {
    const other = path.join(folder, "other");
    output("minisign", ["-G", "-W", "-p", `${other}.pub`, "-s", other]);
    const key = fs.readFileSync(`${other}.pub`, "utf8").split("\n")[1]!;
    await refuse(/SHA256SUMS is not signed by HAWSER_PUBLIC_KEY/, { HAWSER_PUBLIC_KEY: key });
  });

  test("takes the archive, not the sums, from a mirror", async () => {
    server.spoiled["SHA256SUMS"] = (response) => response.writeHead(404).end();
    await refuse(/SHA256SUMS can't be fetched/, { HAWSER_MIRROR: server.url });
    delete server.spoiled["SHA256SUMS"];
    await refuse(/https:\/\/127\.0\.0\.1:1\/v.*linux-x64\.tar\.gz can't be fetched/, {
      HAWSER_MIRROR: "https://127.0.0.1:1",
    });
  });

  test("a download that is cut off leaves what was there", async () => {
    server.spoiled[archive] = cutOff(archive);
    await refuse(/linux-x64\.tar\.gz can't be fetched/);
    delete server.spoiled[archive];
  });

  test("nothing is fetched but over TLS, from a server that is known", async () => {
    await refuse(/does not begin with https:/, { HAWSER_BASE_URL: "http://127.0.0.1/hawser" });
    await refuse(/can't be fetched/, { CURL_CA_BUNDLE: "/dev/null" });
  });

  test("a version that was not released is an error", async () => {
    await refuse(/v9\.9\.9\/SHA256SUMS can't be fetched/, { HAWSER_VERSION: "9.9.9" });
  });

  test("a full disk leaves what was there (needs root)", { skip: !isRoot }, async () => {
    const disk = path.join(folder, "disk");
    fs.mkdirSync(disk);
    // room for the archive, not for what is in it
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=100m", "tmpfs", disk]);
    assert.equal(mounted.status, 0, String(mounted.stderr));
    const before = dir;
    dir = disk;
    try {
      await refuse(/can't be unpacked in/);
    } finally {
      dir = before;
      spawnSync("umount", [disk]);
    }
  });
});
