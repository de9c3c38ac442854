import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { connect, type Socket } from "node:net";
import * as path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseToken, type UsableToken } from "../../../src/token/token_file.ts";
import { startRelay } from "../../fakes/relay.ts";
import { eventually } from "../stage/eventually.ts";
import { postToken } from "../stage/grant_client.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { issueToken, listGrants, prepareSites } from "../stage/sites.ts";

const source = fileURLToPath(new URL("../stage/go_redeemer/main.go", import.meta.url));
const hasGo = spawnSync("go", ["version"]).status === 0;
const needsGo = { skip: !hasGo };
const redeemer = { name: "east", subject: "east-uid" };

/** Issues a token of some uses, and hands it to `use` with what it reads the log by. */
function withToken(uses: number, use: (sandbox: Sandbox, token: UsableToken) => Promise<void>) {
  return inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", String(uses));
    const token = parseToken(sandbox.read("t.yaml"), "t.yaml");
    sandbox.secrets.push(token.spec.code);
    await use(sandbox, token);
  });
}

async function usesSpent(sandbox: Sandbox): Promise<number> {
  return (await listGrants(sandbox))[0]!.redemptions;
}

/** What the controller has logged of the grant service, without the rest of each line. */
function loggedEvents(sandbox: Sandbox): string[] {
  return sandbox.read("data/hawser/.controller/controller.log").split("\n").filter((line) =>
    line !== ""
  )
    .map((line) => JSON.parse(line).event)
    .filter((event) => ["redeemed", "repeated", "undelivered"].includes(event));
}

test(
  "a client that a proxy cuts off from its answer is given it again, and spends one use",
  withToken(3, async (sandbox, token) => {
    const url = new URL(token.spec.url);
    const relay = await startRelay(Number(url.port), { after: "fin", cutsAnswerAt: 1500 });
    try {
      url.port = String(relay.port);
      const cut = { ...token, spec: { ...token.spec, url: url.href } };
      await assert.rejects(postToken(cut, redeemer));
      await eventually(() => loggedEvents(sandbox).includes("undelivered"));
    } finally {
      await relay.stop();
    }
    const { status } = await postToken(token, redeemer);
    assert.equal(status, 200);
    await eventually(async () => await usesSpent(sandbox) === 1);
    assert.deepEqual(loggedEvents(sandbox), ["redeemed", "undelivered", "repeated"]);
  }),
);

/** Builds the redeemer in Go; gives what redeems with it. */
function goRedeemer(sandbox: Sandbox, token: UsableToken) {
  const program = path.join(sandbox.folder, "bin/go-redeemer");
  const cacheHome = path.join(sandbox.folder, "tmp");
  const built = spawnSync("go", ["build", "-o", program, source], { encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
  const ca = path.join(cacheHome, "ca.crt");
  fs.writeFileSync(ca, token.spec.ca);
  /** Gives what was answered; undefined where the program says that it has no answer. */
  return async (mode: "http" | "exit", url = token.spec.url): Promise<string | undefined> => {
    const child = spawn(program, [url, ca, redeemer.name, redeemer.subject, mode], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin.end(token.spec.code);
    let output = "";
    for await (const part of child.stdout.setEncoding("utf8")) output += part;
    return /^HTTP\S* 200/.test(output) ? output.slice(output.indexOf("---")) : undefined;
  };
}

test(
  "a Go client that ends after reading and before closing is given the same again (needs go)",
  needsGo,
  withToken(3, async (sandbox, token) => {
    const redeem = goRedeemer(sandbox, token);
    const first = await redeem("exit");
    assert.ok(first !== undefined);
    assert.equal(await redeem("exit"), first);
    assert.equal(await redeem("http"), first);
    await eventually(async () => await usesSpent(sandbox) === 1);
    await eventually(() => loggedEvents(sandbox).length >= 5);
    assert.deepEqual(
      loggedEvents(sandbox).slice(0, 5),
      ["redeemed", "undelivered", "repeated", "undelivered", "repeated"],
    );
  }),
);

test(
  "a Go client whose answer arrives damaged is given it again (needs go)",
  needsGo,
  withToken(3, async (sandbox, token) => {
    const redeem = goRedeemer(sandbox, token);
    const url = new URL(token.spec.url);
    const relay = await startRelay(Number(url.port), { after: "pass", spoilsAnswer: true });
    try {
      url.port = String(relay.port);
      assert.equal(await redeem("http", url.href), undefined);
      await eventually(() => loggedEvents(sandbox).includes("undelivered"));
    } finally {
      await relay.stop();
    }
    assert.ok(await redeem("http") !== undefined);
    await eventually(async () => await usesSpent(sandbox) === 1);
    // Go closes before our own close has come: the reset that answers it may overtake the receipt
    const [first, second, ...later] = loggedEvents(sandbox);
    assert.deepEqual([first, second, later[0]], ["redeemed", "undelivered", "repeated"]);
    assert.ok(!later.includes("redeemed"));
  }),
);

test(
  "net/http of Go, as upstream's redeemer, says that it has its answer (needs go)",
  needsGo,
  withToken(3, async (sandbox, token) => {
    const redeem = goRedeemer(sandbox, token);
    const first = await redeem("http");
    const second = await redeem("http");
    assert.ok(first !== undefined && second !== undefined);
    assert.notEqual(second, first);
    await eventually(async () => await usesSpent(sandbox) === 2);
    assert.deepEqual(loggedEvents(sandbox), ["redeemed", "redeemed"]);
  }),
);

test(
  "wrong codes and unknown grants from the holder's own address keep it from nothing",
  withToken(2, async (sandbox, token) => {
    const other = new URL("/no-such-grant", token.spec.url).href;
    const wrong = (url: string) => ({ ...token, spec: { ...token.spec, url, code: "wrong" } });
    let isOver = false;
    const statuses = new Set<number>();
    const floods = Array.from({ length: 8 }, async (_, number) => {
      for (let count = 0; count < 500 && !isOver; count++) {
        const url = number % 2 === 0 ? other : token.spec.url;
        statuses.add((await postToken(wrong(url), redeemer)).status);
      }
    });
    await eventually(() => statuses.has(429));
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east", "--timeout", "30s"]);
    assert.equal((await postToken(token, redeemer)).status, 200);
    isOver = true;
    await Promise.all(floods);
    assert.deepEqual([...statuses].toSorted(), [403, 404, 429]);
    await eventually(async () => await usesSpent(sandbox) === 2);
  }),
);

/** Keeps that many connections open on which only `says` comes; each that ends begins anew. */
function crowd(port: number, count: number, says: string) {
  const sockets = new Set<Socket>();
  let isOver = false;
  let opened = 0;
  function open(): void {
    const socket = connect(port, "127.0.0.1", () => void opened++);
    if (says !== "") socket.write(says);
    sockets.add(socket.on("error", () => {}).resume());
    socket.once("close", () => {
      sockets.delete(socket);
      if (!isOver) setTimeout(open, 5);
    });
  }
  for (let number = 0; number < count; number++) open();
  return {
    opened: () => opened,
    end() {
      isOver = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

test(
  "a crowd of connections that say nothing, or little, keeps nobody from being served",
  withToken(4, async (sandbox, token) => {
    const port = Number(new URL(token.spec.url).port);
    const crowds = [crowd(port, 1500, ""), crowd(port, 700, "\x16\x03\x01")];
    try {
      await eventually(() => crowds[0]!.opened() >= 1500 && crowds[1]!.opened() >= 700);
      for (const name of ["one", "two", "three"]) {
        const { status } = await postToken(token, { name, subject: name });
        assert.equal(status, 200);
      }
      await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east", "--timeout", "30s"]);
    } finally {
      for (const each of crowds) each.end();
    }
    await eventually(async () => await usesSpent(sandbox) === 4);
  }),
);

test(
  "the audit names the client that a trusted proxy announces",
  inSandbox(async (sandbox) => {
    const refused = await sandbox.hawser(["controller", "start", "--proxy-protocol-from", "west"]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /"west" for --proxy-protocol-from: it must be IP addresses/);
    await sandbox.succeed(["controller", "start", "--proxy-protocol-from", "127.0.0.0/8"]);
    await sandbox.succeed([
      ...["site", "create", "west", "-n", "west", "--enable-link-access"],
      ...["--link-host", "127.0.0.1"],
    ]);
    await issueToken(sandbox, "t.yaml");
    const token = parseToken(sandbox.read("t.yaml"), "t.yaml");
    const url = new URL(token.spec.url);
    const header = "PROXY TCP4 192.0.2.77 127.0.0.1 40000 9090\r\n";
    const relay = await startRelay(Number(url.port), { after: "pass", header });
    try {
      url.port = String(relay.port);
      const proxied = { ...token, spec: { ...token.spec, url: url.href } };
      assert.equal((await postToken(proxied, redeemer)).status, 200);
    } finally {
      await relay.stop();
    }
    const log = sandbox.read("data/hawser/.controller/controller.log");
    assert.match(log, /"event":"redeemed".*"address":"192\.0\.2\.77"/);
    await assert.rejects(postToken(token, redeemer)); // without a header nothing is taken from there
  }),
);
