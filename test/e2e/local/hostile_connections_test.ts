import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  type HostileServer,
  hostilities,
  type Hostility,
  startHostileServer,
} from "../../fakes/hostile_server.ts";
import { eventually } from "../stage/eventually.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { type Sandbox, shareSandbox } from "../stage/harness.ts";
import { issueToken, prepareSites, redemptionFiles } from "../stage/sites.ts";
import { makeCertificate, standInToken } from "../stage/stand_in_server.ts";

/** How many tokens the controller tries at once, and the half that one namespace may have. */
const hangingTokens = 256;
const mostOfOneNamespace = 128;

/** Eight took half each of what the others left, and so all; more than that at once in all. */
const hostileNamespaces = 9;
const tokensOfEach = 40;

/** How many commands run beside each other. */
const commandsAtOnce = 4;

const { certificate, key } = makeCertificate();
const identity = { cert: certificate, key };

const shared = shareSandbox((sandbox) => prepareSites(sandbox, "east", "south", "north"));

function called(what: string): Hostility {
  return hostilities.find((each) => each.what === what) ?? assert.fail(`nothing is "${what}"`);
}

/** Does that with each of the servers, a few beside each other; gives back what was found wrong. */
async function withEach(
  check: (server: HostileServer, hostility: Hostility, number: number) => Promise<string[]>,
): Promise<string[]> {
  const left = [...hostilities.entries()];
  const findings: string[] = [];
  async function work() {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [number, hostility] = next;
      const server = await startHostileServer(hostility, identity);
      try {
        const found = await check(server, hostility, number);
        findings.push(...found.map((each) => `${hostility.what}: ${each}`));
      } finally {
        await server.close();
      }
    }
  }
  await Promise.all(Array.from({ length: commandsAtOnce }, work));
  return findings;
}

/** The url of a hostile server, and whom to trust there. */
function place({ port }: HostileServer) {
  return { url: `https://127.0.0.1:${port}`, ca: certificate };
}

test(
  "token redeem ends in time, with an error, and stores nothing, whatever the grant service does",
  shared.use(async (sandbox) => {
    const findings = await withEach(async (server, _hostility, number) => {
      const file = `t${number}.yaml`;
      sandbox.write(file, standInToken(place(server), `west-${number}`));
      const words = ["token", "redeem", file, "-n", "south", "--timeout", "1s"];
      const { code, stderr } = await sandbox.hawser(words);
      return [1, 8, 124].includes(code!) && stderr.includes("error: ") ? [] : [`${code} ${stderr}`];
    });
    assert.deepEqual(findings, []);
    const files = redemptionFiles(sandbox, "south");
    assert.deepEqual(files.filter((file) => !file.endsWith(".key")), []);
  }),
);

test(
  "access-token-create ends in time, with an error, whatever the server does",
  shared.use(async (sandbox) => {
    const findings = await withEach(async (server) => {
      const { url } = place(server);
      const { code, stderr } = await sandbox.hawser(
        ["atc", "--url", url, "--access-token-stdin", "--insecure-tls", "--timeout", "1s"],
        { stdin: "StandInCode1234567890abc" },
      );
      return [1, 3, 5, 8, 124].includes(code!) && stderr.includes("error: ")
        ? []
        : [`${code} ${stderr}`];
    });
    assert.deepEqual(findings, []);
  }),
);

for (const what of ["says nothing", "sends headers for ever", "drips a body for ever"]) {
  test(
    `SIGTERM ends a redemption at a server that ${what}`,
    shared.use(async (sandbox) => {
      let isAsked = false;
      const { onRequest, ...rest } = called(what);
      const server = await startHostileServer({
        ...rest,
        onRequest: (socket) => (isAsked = true, onRequest!(socket)),
      }, identity);
      sandbox.write("t.yaml", standInToken(place(server)));
      const waiting = sandbox.start(["token", "redeem", "t.yaml", "-n", "south"]);
      await eventually(() => isAsked);
      process.kill(waiting.process.pid!, "SIGTERM");
      assert.equal((await waiting.ended).code, 143);
      await server.close();
    }),
  );
}

/** Puts a token into a namespace, for the controller to redeem. */
function dropToken(sandbox: Sandbox, namespace: string, name: string, text: string): void {
  const folder = path.join(sandbox.dataHome, "namespaces", namespace, "input/resources");
  const file = path.join(folder, `AccessToken-${name}.yaml`);
  fs.writeFileSync(file, text, { mode: 0o600 });
}

function hasLink(sandbox: Sandbox, namespace: string): boolean {
  return redemptionFiles(sandbox, namespace).some((file) => file.startsWith("Link-"));
}

for (const [what, served] of [["says nothing", "east"], ["switches protocols", "north"]] as const) {
  test(
    `${hangingTokens} tokens at a server that ${what} keep nobody else from being served`,
    shared.use(async (sandbox) => {
      let most = 0;
      const server = await startHostileServer(called(what), identity, undefined, (connections) => {
        most = Math.max(most, connections);
      });
      for (let number = 0; number < hangingTokens; number++) {
        const name = `west-${number}`;
        const token = standInToken(
          { ...place(server), url: `${place(server).url}/${number}` },
          name,
        );
        dropToken(sandbox, "south", name, token);
      }
      await eventually(() => most > 0);
      await issueToken(sandbox, `${served}.yaml`);
      dropToken(sandbox, served, "good", sandbox.read(`${served}.yaml`));
      await eventually(() => hasLink(sandbox, served));
      assert.ok(most <= mostOfOneNamespace, `${most} at once`);
      await sandbox.succeed(["controller", "stop", "--timeout", "30s"]);
      await server.close();
      await sandbox.succeed(["controller", "start", "--grant-port", await findQuietPort()]);
    }),
  );
}

test(
  "tokens that hang in more namespaces than share all there is keep nobody else from being served",
  shared.use(async (sandbox) => {
    let most = 0;
    const server = await startHostileServer(
      called("says nothing"),
      identity,
      undefined,
      (connections) => {
        most = Math.max(most, connections);
      },
    );
    for (let number = 0; number < hostileNamespaces; number++) {
      const namespace = `hostile-${number}`;
      await sandbox.succeed(["site", "create", namespace, "-n", namespace]);
      for (let count = 0; count < tokensOfEach; count++) {
        const url = `${place(server).url}/${number}/${count}`;
        const token = standInToken({ ...place(server), url }, `west-${count}`);
        dropToken(sandbox, namespace, `west-${count}`, token);
      }
    }
    await eventually(() => most > mostOfOneNamespace);
    await sandbox.succeed(["site", "create", "late", "-n", "late"]);
    await issueToken(sandbox, "late.yaml");
    dropToken(sandbox, "late", "good", sandbox.read("late.yaml"));
    await eventually(() => hasLink(sandbox, "late"));
    await sandbox.succeed(["controller", "stop", "--timeout", "30s"]);
    await server.close();
  }),
);

test("what was printed and left behind holds no secret", shared.end);
