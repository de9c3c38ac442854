import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Finished,
  missingForSystemd,
  startSystemd,
  type SystemdMachine,
} from "../../testbed/systemd/machine.ts";
import { TestAuthority } from "../../fakes/test_authority.ts";
import { eventually } from "../stage/eventually.ts";
import { Sandbox } from "../stage/harness.ts";
import { surviveKills } from "../stage/kills.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { placeByLinks } from "../stage/served_certificate.ts";

const dist = fileURLToPath(new URL("../../../dist", import.meta.url));
const unit = "hawser-controller.service";
const unitFile = path.join("/etc/systemd/system", unit);

describe("the controller as a unit of systemd (needs docker and debootstrap)", {
  skip: missingForSystemd !== undefined,
}, () => {
  let sandbox: Sandbox;
  let machine: SystemdMachine;

  before(async () => {
    sandbox = new Sandbox();
    machine = await startSystemd([`${dist}:/opt/hawser:ro`, `${sandbox.folder}:${sandbox.folder}`]);
    for (const user of ["fritz", "anna"]) await succeed(["useradd", "--create-home", user]);
    await succeed(["loginctl", "enable-linger", "fritz"]);
    await eventually(async () =>
      (await machine.run(["systemctl", "is-active", "user@1000"])).code === 0
    );
  });
  after(async () => {
    await machine?.stop();
    await sandbox?.end();
  });

  async function succeed(words: string[], options = {}): Promise<string> {
    const { code, stdout, stderr } = await machine.run(words, options);
    assert.equal(code, 0, `${words.join(" ")}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs the executable there, for a user as after a login. */
  function hawser(words: string[], user = "root", env: string[] = []): Promise<Finished> {
    const home = user === "root" ? "/root" : `/home/${user}`;
    const settings = [`HOME=${home}`, "SKUPPER_PLATFORM=linux", ...env];
    return machine.run(["env", "-C", home, ...settings, "/opt/hawser/hawser", ...words], { user });
  }

  async function kill(pid: number): Promise<void> {
    await succeed(["sh", "-c", `kill -KILL ${pid}`]);
  }

  async function statusOf(user = "root") {
    return JSON.parse((await hawser(["controller", "status", "-o", "json"], user)).stdout);
  }

  test("is shut in, ready when it says so, comes back when it is killed, and leaves nothing", async () => {
    const port = ["--grant-port", await findQuietPort()];
    const started = await hawser(["controller", "start", ...port]);
    assert.equal(started.code, 0, started.stderr);
    assert.match(started.stdout, /^The controller is running\.\n/);
    assert.match(started.stdout, /^Unit: +hawser-controller\.service$/m);
    const shown = await succeed(["systemctl", "show", "-p", "StatusText", unit]);
    assert.match(shown, /^StatusText=Grant service at https:/);
    assert.match(await succeed(["systemctl", "is-enabled", unit]), /enabled/);
    await succeed(["systemd-analyze", "verify", unitFile]);
    await succeed(["systemd-analyze", "security", "--threshold=20", unit]);
    const { text, unitText } = {
      text: (await hawser(["controller", "manifest", ...port])).stdout,
      unitText: await succeed(["cat", unitFile]),
    };
    assert.equal(text, unitText);

    const second = await hawser(["controller", "start"]);
    assert.equal(second.code, 7);
    assert.match(second.stderr, /^error: A controller is already running/m);

    const before = await statusOf();
    await kill(before.pid);
    await eventually(async () => {
      const now = await statusOf();
      return now.running && now.pid !== before.pid && now.problem === undefined;
    }, () => "systemd did not start it again");
    assert.equal((await statusOf()).grantUrl, before.grantUrl);
    const log = await succeed(["journalctl", "--output=cat", "--unit", unit]);
    assert.equal(log.match(/"event":"listening"/g)?.length, 2);

    const restarted = await hawser(["controller", "restart", "--grant-host", "west.example.org"]);
    assert.equal(restarted.code, 0, restarted.stderr);
    assert.match(restarted.stdout, /^Grant service: +https:\/\/west\.example\.org:/m);

    const stopped = await hawser(["controller", "stop"]);
    assert.equal(stopped.stdout, "The controller has stopped.\n");
    assert.notEqual((await machine.run(["test", "-e", unitFile])).code, 0);
    assert.equal((await machine.run(["systemctl", "is-enabled", unit])).code, 1);
    assert.equal((await hawser(["controller", "status"])).code, 3);
    assert.equal((await hawser(["controller", "stop"])).stdout, "No controller was running.\n");
  });

  test("redeems a token that was dropped in, though it sees little of the machine", async () => {
    const link = ["--enable-link-access", "--link-host", "127.0.0.1"];
    assert.equal((await hawser(["controller", "start"])).code, 0);
    assert.equal((await hawser(["site", "create", "west", "-n", "west", ...link])).code, 0);
    assert.equal((await hawser(["site", "create", "east", "-n", "east"])).code, 0);
    const token = await hawser(["token", "issue", "-", "-n", "west"]);
    assert.equal(token.code, 0, token.stderr);
    const folder = "/var/lib/skupper/namespaces/east/input/resources";
    await succeed(["sh", "-c", `cat > ${folder}/token.yaml`], { stdin: token.stdout });
    await eventually(async () =>
      JSON.parse((await hawser(["link", "status", "-n", "east", "-o", "json"])).stdout).length === 1
    );
    assert.notEqual((await machine.run(["test", "-e", `${folder}/token.yaml`])).code, 0);
    assert.equal((await hawser(["controller", "stop"])).code, 0);
  });

  test("serves a certificate of the user's, which it sees beside its home, and once renewed", async () => {
    const authority = await TestAuthority.make("Example Trust");
    const files = placeByLinks(sandbox, await authority.sign(["localhost"], [-1, 30]), 1);
    const started = await hawser(["controller", "start", ...files]);
    assert.equal(started.code, 0, started.stderr);
    const { certificate } = await statusOf();
    assert.deepEqual(certificate.pins, ["Example Trust R1"]);
    placeByLinks(sandbox, await authority.sign(["localhost"], [-1, 40]), 2);
    await eventually(async () => (await statusOf()).certificate.notAfter > certificate.notAfter);
    assert.equal((await hawser(["controller", "stop"])).code, 0);
  });

  test("that does not start says why, and is gone", async () => {
    await hawser(["controller", "start"]);
    const port = new URL((await statusOf()).grantUrl).port;
    const other = ["HAWSER_DATA_HOME=/root/other home: 100%"];
    const start = ["controller", "start", "--grant-port"];
    const failed = await hawser([...start, port], "root", other);
    assert.equal(failed.code, 3);
    assert.match(failed.stderr, new RegExp(`^error: Cannot listen on \\* port ${port}: `, "m"));
    await succeed(["touch", "/tmp/file"]);
    const file = await hawser(["controller", "start"], "root", ["HAWSER_DATA_HOME=/tmp/file/home"]);
    assert.equal(file.code, 3);
    assert.match(file.stderr, /^error: Cannot use the data home \/tmp\/file\/home: /m);
    const units = await succeed(["ls", "/etc/systemd/system"]);
    assert.doesNotMatch(units, /hawser-controller-/);
    const free = await hawser(["controller", "start"], "root", other);
    assert.equal(free.code, 0, free.stderr);
    assert.equal((await hawser(["controller", "stop"], "root", other)).code, 0);
    assert.equal((await hawser(["controller", "stop"])).code, 0);
  });

  test("is one of the user's own for an ordinary user", async () => {
    const start = ["controller", "start", "--grant-port", await findQuietPort()];
    const started = await hawser(start, "fritz");
    assert.equal(started.code, 0, started.stderr);
    assert.doesNotMatch(started.stdout, /^Problem/m);
    const { pid } = await statusOf("fritz");
    await kill(pid);
    await eventually(async () => {
      const now = await statusOf("fritz");
      return now.running && now.pid !== pid && now.problem === undefined;
    });
    const stopped = await hawser(["controller", "stop"], "fritz");
    assert.equal(stopped.stdout, "The controller has stopped.\n");
    const left = await succeed(["ls", "-A", "/home/fritz/.config/systemd/user"]);
    assert.doesNotMatch(left, /service$/m);
  });

  test("ends with the session of a user who does not linger, and who is told so", async () => {
    const session = `user@${(await succeed(["id", "-u", "anna"])).trim()}`;
    await succeed(["systemctl", "start", session]);
    const start = ["controller", "start", "--grant-port", await findQuietPort()];
    const { code, stdout } = await hawser(start, "anna");
    assert.equal(code, 0);
    assert.match(stdout, /^Unit/m);
    assert.match(stdout, /^Problem: .*"loginctl enable-linger" keeps it/m);
    await succeed(["systemctl", "stop", session]);
    assert.equal((await hawser(["controller", "status"], "anna")).code, 3);
    await succeed(["rm", "-r", "/home/anna/.config"]);
  });

  test("loses no use and gives none twice, whenever it is killed, as systemd starts it again", async () => {
    const home = [`HAWSER_DATA_HOME=${sandbox.dataHome}`];
    await sandbox.succeed(["controller", "start", "--grant-port", await findQuietPort()]);
    let isStarted = false;
    await surviveKills(sandbox, async () => {
      if (!isStarted) {
        const { code, stderr } = await hawser(["controller", "start"], "root", home);
        assert.equal(code, 0, stderr);
        isStarted = true;
      }
      return killController;
    });
    assert.equal((await hawser(["controller", "stop"], "root", home)).code, 0);
  });

  /** At once, from outside: systemd has another one running half a second later. */
  function killController(): Promise<void> {
    const file = path.join(sandbox.dataHome, "hawser/.controller/state.json");
    const { pid } = JSON.parse(fs.readFileSync(file, "utf8"));
    for (const candidate of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      if (isProcess(candidate, pid)) process.kill(Number(candidate), "SIGKILL");
    }
    return Promise.resolve();
  }

  function isProcess(candidate: string, pidThere: number): boolean {
    try {
      const read = (file: string) => fs.readFileSync(`/proc/${candidate}/${file}`, "utf8");
      return read("environ").includes(sandbox.dataHome) &&
        new RegExp(`^NSpid:.*\t${pidThere}$`, "m").test(read("status"));
    } catch {
      return false; // it has just ended
    }
  }

  test("is a process where systemd is not to be had, and is stopped as one", async () => {
    const places: [string, string[]][] = [["anna", []], ["root", ["SYSTEMD_OFFLINE=1"]]];
    for (const [user, env] of places) {
      const started = await hawser(["controller", "start"], user, env);
      assert.equal(started.code, 0, started.stderr);
      assert.doesNotMatch(started.stdout, /^Unit/m);
      assert.equal((await hawser(["controller", "restart"], user)).code, 0);
      assert.equal((await statusOf(user)).unit, undefined);
      assert.equal(
        (await hawser(["controller", "stop"], user)).stdout,
        "The controller has stopped.\n",
      );
    }
  });
});
