import assert from "node:assert/strict";
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:net";
import * as path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { connect } from "node:tls";
import { inSandbox, isRoot, type Sandbox } from "../stage/harness.ts";
import { eventually } from "../stage/eventually.ts";
import { findQuietPort } from "../stage/quiet_port.ts";

/** What `controller status -o json` prints. */
interface Status {
  pid: number;
  startedAt: string;
  grantUrl: string;
  operationsUrl: string;
  log?: string;
  namespaces: string[];
}

async function controllerStatus(sandbox: Sandbox): Promise<Status> {
  const { stdout } = await sandbox.succeed(["controller", "status", "-o", "json"]);
  return JSON.parse(stdout);
}

async function createSite(sandbox: Sandbox, name: string, ...options: string[]): Promise<void> {
  await sandbox.succeed(["site", "create", name, "-n", name, ...options]);
}

const linkAccess = ["--enable-link-access", "--link-host", "127.0.0.1"];

/** Puts a file into the namespace's input, as a user does by hand. */
function putInput(sandbox: Sandbox, namespace: string, file: string, text: string): string {
  return sandbox.write(`data/namespaces/${namespace}/input/resources/${file}`, text);
}

/** What our own state of the namespace's site holds of a resource. */
function readRecord(sandbox: Sandbox, namespace: string, file: string): string | undefined {
  const state = path.join(sandbox.dataHome, "hawser", namespace);
  for (const uid of fs.existsSync(state) ? fs.readdirSync(state) : []) {
    const record = path.join(state, uid, "resources", file);
    if (fs.existsSync(record)) return fs.readFileSync(record, "utf8");
  }
  return undefined;
}

/** Where and with what a token file is redeemed. */
function readToken(sandbox: Sandbox, file: string): { url: URL; code: string } {
  const text = sandbox.read(file);
  return { url: new URL(text.match(/url: (.*)/)![1]!), code: text.match(/code: "?(\w+)/)![1]! };
}

function mode(file: string): number {
  return fs.statSync(file).mode & 0o777;
}

/** The JSON lines of the controller's log. */
function readLog(sandbox: Sandbox): Record<string, unknown>[] {
  return fs.readFileSync(path.join(sandbox.dataHome, "hawser/.controller/controller.log"), "utf8")
    .split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

async function startAndStop(sandbox: Sandbox): Promise<void> {
  const folder = path.join(sandbox.dataHome, "hawser/.controller");
  const stateFile = path.join(folder, "state.json");
  assert.equal((await sandbox.hawser(["controller", "status"])).code, 3);
  assert.match(
    (await sandbox.succeed(["controller", "stop"])).stdout,
    /No controller was running/,
  );

  const started = await sandbox.succeed(["controller", "start"]);
  const status = await controllerStatus(sandbox);
  assert.ok(started.stdout.includes(status.grantUrl), started.stdout);
  assert.ok(started.stdout.includes(status.log!), started.stdout);
  assert.match(status.startedAt, /T\d\d:\d\d:\d\dZ$/);
  assert.equal(mode(folder), 0o700);
  for (const file of ["state.json", "settings.json", "controller.log", "issuer/authority.pem"]) {
    assert.equal(mode(path.join(folder, file)), 0o600, file);
  }
  assert.equal((await fetch(`${status.operationsUrl}/readyz`)).status, 200);

  for (const verb of ["run", "start"]) {
    const second = await sandbox.hawser(["controller", verb]);
    assert.equal(second.code, 7);
    assert.ok(second.stderr.includes(`(pid ${status.pid})`), second.stderr);
  }
  await sandbox.succeed(["controller", "stop"]);
  assert.ok(!fs.existsSync(stateFile));
  assert.equal((await sandbox.hawser(["controller", "status"])).code, 3);
}

test("controller start, status and stop", inSandbox(startAndStop));

test(
  "an ordinary user has a controller of his own",
  inSandbox(startAndStop, { ordinaryUser: true }),
);

test(
  "controller start tells what keeps the controller from running as the controller does",
  inSandbox(async (sandbox) => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number }; // of a TCP server
    const { code, stderr } = await sandbox.hawser([
      "controller",
      "start",
      "--grant-port",
      String(port),
    ]);
    other.close();
    assert.equal(code, 3);
    assert.match(
      stderr,
      new RegExp(
        `^error: Cannot listen on .* port ${port}: the port is in use\nhint: .*--grant-port`,
        "m",
      ),
    );
    assert.ok(
      readLog(sandbox).some(({ error }) => (error as { code: string })?.code === "port-in-use"),
    );
  }),
);

test(
  "a port that needs privileges is told as such",
  inSandbox(async (sandbox) => {
    for (const verb of ["run", "start"]) {
      const { code, stderr } = await sandbox.hawser(["controller", verb, "--grant-port", "1"]);
      assert.equal(code, 3, stderr);
      assert.match(
        stderr,
        /^error: Cannot listen on \* port 1: that port needs privileges\nhint: .*--grant-port\.$/m,
      );
    }
  }, { ordinaryUser: true }),
);

test(
  "of controllers started at once one runs, and the others are told so",
  inSandbox(async (sandbox) => {
    const starts = Array.from({ length: 6 }, () => sandbox.hawser(["controller", "start"]));
    const outcomes = await Promise.all(starts);
    assert.deepEqual(outcomes.map(({ code }) => code).sort(), [0, 7, 7, 7, 7, 7]);
    for (const { code, stderr } of outcomes) {
      if (code !== 0) assert.match(stderr, /^error: A controller is already running/m);
    }
  }),
);

test(
  "those who ask for the controller at once never see one another",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start"]);
    await sandbox.succeed(["controller", "stop"]);
    const asked = Array.from({ length: 20 }, () => sandbox.hawser(["controller", "status"]));
    for (const { code } of await Promise.all(asked)) assert.equal(code, 3);
  }),
);

test(
  "the first port that is free is taken, and kept (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    const start = async (home: string) => {
      const env = { HAWSER_DATA_HOME: path.join(sandbox.folder, home) };
      const args = ["controller", "start", "--grant-host", "127.0.0.1", "-o", "json"];
      return JSON.parse((await sandbox.succeed(args, { env })).stdout).grantUrl;
    };
    assert.equal(await start("first"), "https://127.0.0.1:9090");
    assert.equal(await start("data"), "https://127.0.0.1:9091");
    await sandbox.succeed(["controller", "stop"]);
    assert.equal(await start("other"), "https://127.0.0.1:9091");
    const refused = await sandbox.hawser(["controller", "run"]);
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /port 9091: the port is in use\nhint: .*--grant-port/);
  }, { offline: true }),
);

test(
  "the operations port is the one asked for, then kept, and given up where another took it",
  inSandbox(async (sandbox) => {
    const start = async (...args: string[]) => {
      await sandbox.succeed(["controller", "start", ...args]);
      const { operationsUrl } = await controllerStatus(sandbox);
      assert.equal((await fetch(`${operationsUrl}/healthz`)).status, 200);
      await sandbox.succeed(["controller", "stop"]);
      return operationsUrl;
    };
    const port = await findQuietPort();
    assert.equal(await start("--operations-port", port), `http://127.0.0.1:${port}`);
    assert.equal(await start(), `http://127.0.0.1:${port}`);
    const other = createServer().listen(Number(port), "127.0.0.1");
    await once(other, "listening");
    const refused = await sandbox.hawser(["controller", "run", "--operations-port", port]);
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /port \d+: the port is in use\nhint: .*--operations-port/);
    const instead = await start();
    other.close();
    assert.equal(await start(), instead);
  }),
);

test(
  "grants and tokens put by hand work as resources do on Kubernetes",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start"]);
    await createSite(sandbox, "west", ...linkAccess);
    await createSite(sandbox, "east");
    const grant = `# shared by hand
apiVersion: skupper.io/v2alpha1
kind: AccessGrant
metadata:
  name: my-grant
  labels: { team: blue }
  annotations: { note: hers }
spec:
  redemptionsAllowed: 3
  expirationWindow: 1h
  code: letters-and-digits-1
  issuer: skupper-site-ca
  settings: { some: thing }
`;
    const grantFile = putInput(sandbox, "west", "grants.yaml", grant);
    await sandbox.succeed(["token", "issue", "t.yaml", "-n", "west", "--grant", "my-grant"]);
    assert.equal(fs.readFileSync(grantFile, "utf8"), grant);
    const record = readRecord(sandbox, "west", "AccessGrant-my-grant.yaml")!;
    assert.match(record, /code: letters-and-digits-1/);
    assert.match(record, /url: https:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}/);
    const conditions = record.match(/(?<=type: )(Processed|Ready|Resolved)$/gm);
    assert.deepEqual(conditions, ["Processed", "Ready", "Resolved"]);

    const token = sandbox.read("t.yaml").replace(/name: .*/, "name: my-token");
    const tokenFile = putInput(sandbox, "east", "token.yaml", `# keep me\n${token}`);
    await eventually(async () => {
      return (await sandbox.hawser(["link", "status", "my-token", "-n", "east"])).code === 0;
    });
    await eventually(() => !fs.existsSync(tokenFile));
    const redeemed = readRecord(sandbox, "east", "AccessToken-my-token.yaml")!;
    assert.match(redeemed, /redeemed: true/);
    assert.match(redeemed, /type: Redeemed\n\s+status: 'True'/);
    await eventually(() =>
      readRecord(sandbox, "west", "AccessGrant-my-grant.yaml")?.includes("redemptions: 1")
    );
    fs.rmSync(grantFile);
    await eventually(() => readRecord(sandbox, "west", "AccessGrant-my-grant.yaml") === undefined);
    const { code } = await sandbox.hawser(["token", "redeem", "t.yaml", "-n", "east"]);
    assert.equal(code, 5);
  }),
);

test(
  "a grant whose file is broken for a while is not revoked by that",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start"]);
    await createSite(sandbox, "west", ...linkAccess);
    await createSite(sandbox, "east");
    const grant = "apiVersion: skupper.io/v2alpha1\nkind: AccessGrant\nmetadata: { name: mine }\n";
    const file = putInput(sandbox, "west", "grants.yaml", grant);
    await sandbox.succeed(["token", "issue", "t.yaml", "-n", "west", "--grant", "mine"]);
    fs.writeFileSync(file, "kind: [\n");
    await eventually(() => readLog(sandbox).some(({ event }) => event === "resource-ignored"));
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
    fs.writeFileSync(file, grant);
    await eventually(() =>
      readRecord(sandbox, "west", "AccessGrant-mine.yaml")?.includes("redemptions: 1")
    );
  }),
);

test(
  "kill -9 costs nothing that was issued or redeemed",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start", "--grant-port", await findQuietPort()]);
    await createSite(sandbox, "west", ...linkAccess);
    for (const name of ["east", "south", "north"]) await createSite(sandbox, name);
    await sandbox.succeed(
      ["token", "issue", "t.yaml", "-n", "west", "--redemptions-allowed", "2"],
    );
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
    const { pid, grantUrl } = await controllerStatus(sandbox);
    process.kill(pid, "SIGKILL");
    await eventually(async () => (await sandbox.hawser(["controller", "status"])).code === 3);
    assert.equal((await sandbox.hawser(["token", "redeem", "t.yaml", "-n", "south"])).code, 8);

    await sandbox.succeed(["controller", "start"]);
    assert.equal((await controllerStatus(sandbox)).grantUrl, grantUrl);
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "south"]);
    assert.equal((await sandbox.hawser(["token", "redeem", "t.yaml", "-n", "north"])).code, 5);
  }),
);

test(
  "a token whose server says nothing holds up no other one, and a broken file no namespace",
  inSandbox(async (sandbox) => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number }; // of a TCP server
    await sandbox.succeed(["controller", "start"]);
    await createSite(sandbox, "west", ...linkAccess);
    await createSite(sandbox, "east");
    await sandbox.succeed(["token", "issue", "t.yaml", "-n", "west"]);
    const token = sandbox.read("t.yaml");
    const silenced = token.replace(/name: .*/, "name: silent")
      .replace(/url: .*/, `url: https://127.0.0.1:${port}/x`);
    const connected = once(silent, "connection");
    putInput(sandbox, "nowhere", "token.yaml", token);
    putInput(sandbox, "east", "silent.yaml", silenced);
    await connected;
    const broken = putInput(sandbox, "east", "broken.yaml", "kind: [\n");
    putInput(sandbox, "east", "good.yaml", token.replace(/name: .*/, "name: good"));
    await eventually(async () =>
      (await sandbox.hawser(["link", "status", "good", "-n", "east"])).code === 0
    );
    await eventually(() =>
      readLog(sandbox).some(({ event, error }) =>
        event === "resource-ignored" && String(error).includes(`${broken}: line 2`)
      )
    );
    // a token in a namespace without a site waits for one, and is no failure
    assert.ok(!readLog(sandbox).some((event) => event["namespace"] === "nowhere"));
    silent.close();
  }),
);

test(
  "SIGTERM lets a redemption in flight come to its end",
  inSandbox(async (sandbox) => {
    const controller = await sandbox.startController();
    await createSite(sandbox, "west", ...linkAccess);
    await sandbox.succeed(["token", "issue", "t.yaml", "-n", "west"]);
    const { url, code } = readToken(sandbox, "t.yaml");
    const socket = connect({
      host: url.hostname,
      port: Number(url.port),
      rejectUnauthorized: false,
    });
    await once(socket, "secureConnect");
    socket.write(
      `POST ${url.pathname} HTTP/1.1\r\nHost: west\r\nname: east\r\nsubject: east\r\n` +
        `Content-Length: ${code.length}\r\n\r\n${code}`,
    );
    process.kill(controller.process.pid!, "SIGTERM");
    let answer = "";
    for await (const chunk of socket) answer += chunk;
    assert.match(answer, /^HTTP\/1\.1 200 /);
    const { code: exitCode, signal, stderr } = await controller.ended;
    assert.equal(exitCode, 0, `${signal} ${stderr}`);
    assert.ok(!fs.existsSync(path.join(sandbox.dataHome, "hawser/.controller/state.json")));
  }),
);

test(
  "a controller that hangs is told as such, and what is awaited of it",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start"]);
    const { pid } = await controllerStatus(sandbox);
    process.kill(pid, "SIGSTOP");
    const status = await sandbox.hawser(["controller", "status"]);
    assert.equal(status.code, 3);
    assert.match(status.stdout, /^Problem: +it does not answer at http/m);
    assert.match(status.stderr, /^error: The controller for .* is not ready: it does not answer/m);
    const stop = await sandbox.hawser(["controller", "stop", "--timeout", "100ms"]);
    assert.equal(stop.code, 124);
    assert.match(
      stop.stderr,
      new RegExp(
        "^error: Timed out after 100ms waiting for the controller to finish what is in flight: " +
          `the controller \\(pid ${pid}\\) is running, but it does not answer at http.*\n` +
          "hint: To go on from here: hawser controller stop$",
        "m",
      ),
    );
    process.kill(pid, "SIGCONT");
    await eventually(async () => (await sandbox.hawser(["controller", "status"])).code === 3);
    const start = await sandbox.hawser(
      ["controller", "start", "--grant-host", "127.0.0.1", "--timeout", "1ms"],
    );
    assert.equal(start.code, 124);
    assert.match(
      start.stderr,
      /^error: Timed out after 1ms waiting for the controller to answer: /m,
    );
    assert.match(start.stderr, /^hint: .* hawser controller start --grant-host 127\.0\.0\.1$/m);
  }),
);

test(
  "a process that got the pid of a controller that was killed is left alone",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start"]);
    const { pid } = await controllerStatus(sandbox);
    const stranger = sandbox.launch("sleep", ["60"]);
    const state = path.join(sandbox.dataHome, "hawser/.controller/state.json");
    const text = fs.readFileSync(state, "utf8");
    fs.writeFileSync(state, text.replace(`"pid": ${pid}`, `"pid": ${stranger.process.pid}`));
    const { code } = await sandbox.hawser(["controller", "stop", "--timeout", "200ms"]);
    assert.equal(code, 124);
    process.kill(stranger.process.pid!, 0);
    assert.equal(stranger.process.signalCode, null);
    fs.writeFileSync(state, text);
    await sandbox.succeed(["controller", "stop"]);
  }),
);
