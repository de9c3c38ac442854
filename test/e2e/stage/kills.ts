import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, randomInt } from "node:crypto";
import * as fs from "node:fs";
import { request } from "node:https";
import * as path from "node:path";
import { createKeyPair } from "../../../src/pki/key_pair.ts";
import { createRequest } from "../../../src/pki/request.ts";
import { parseToken, type UsableToken } from "../../../src/token/token_file.ts";
import { eventually } from "./eventually.ts";
import { certificateIn } from "./grant_client.ts";
import type { Sandbox } from "./harness.ts";

/** Grants, and how many ask for each: there are more who ask than uses. 200 redemptions in all. */
const demand = [
  { grants: 20, uses: 1, clients: 2 },
  { grants: 10, uses: 3, clients: 5 },
  { grants: 2, uses: 50, clients: 55 },
];
const clientsAtOnce = 20;

/** Kills come this soon after the controller listens, in milliseconds; later ones are spared. */
const killWithinMs = 150;
const mostKills = 60;

/** Starts a controller on the sandbox's data home; what it gives kills that one. */
export type RunController = () => Kill | Promise<Kill>;
type Kill = () => Promise<void>;

interface Client {
  token: UsableToken;
  name: string;
  /** PKCS#10; without one the service makes the key, as for upstream's clients. */
  csr: Uint8Array | undefined;
  /** Serial number of the certificate; "" if the grant had no use left. */
  serial?: string;
}

/** Redeems as a client does that never gives up: again after anything but an answer. */
async function redeem(client: Client): Promise<void> {
  for (;;) {
    try {
      const { status, body } = await post(client);
      assert.ok(status === 200 || status === 404, `${status} ${body}`);
      client.serial = status === 200 ? certificateIn(body).serialNumber : "";
      return;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function post({ token, name, csr }: Client): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(token.spec.url, {
      method: "POST",
      agent: false,
      ca: token.spec.ca,
      headers: {
        name,
        subject: name,
        ...(csr === undefined ? {} : { csr: Buffer.from(csr).toString("base64") }),
      },
    }, async (response) => {
      try {
        let body = "";
        for await (const chunk of response) body += chunk;
        resolve({ status: response.statusCode!, body });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on("error", reject).end(token.spec.code);
  });
}

/**
 * Has the controller run, kills it at a random moment, and again, until `done`; returns the kills.
 */
async function runAndKill(
  sandbox: Sandbox,
  run: RunController,
  done: () => boolean,
): Promise<number> {
  const stateFile = path.join(sandbox.dataHome, "hawser/.controller/state.json");
  for (let kills = 0;; kills++) {
    fs.rmSync(stateFile, { force: true });
    const kill = await run();
    await eventually(() => listens(stateFile), () => "the controller does not listen");
    if (done() || kills === mostKills) return kills;
    await new Promise((resolve) => setTimeout(resolve, randomInt(killWithinMs)));
    await kill();
  }
}

/** The uses that the grants' statuses show, by the grants' names. */
async function countedUses(sandbox: Sandbox): Promise<Map<string, number>> {
  const { stdout } = await sandbox.succeed(["grant", "list", "-o", "json"]);
  const grants: { name: string; redemptions: number }[] = JSON.parse(stdout);
  return new Map(grants.map(({ name, redemptions }) => [name, redemptions]));
}

function listens(stateFile: string): boolean {
  return fs.existsSync(stateFile) && fs.readFileSync(stateFile, "utf8").includes("grantUrl");
}

/**
 * Redeems from a controller that is killed again and again: no use may be lost, and none given
 * twice. A controller must run already, and is stopped before the others are run. Before each
 * redemption a client waits for up to `hesitationMs`: where a kill takes its time, all would be
 * done before it.
 */
export async function surviveKills(
  sandbox: Sandbox,
  run: RunController,
  hesitationMs = 1,
): Promise<void> {
  const options = ["--enable-link-access", "--link-host", "127.0.0.1"];
  await sandbox.succeed(["site", "create", "west", ...options]);
  const groups: { uses: number; clients: Client[] }[] = [];
  for (const { grants, uses, clients } of demand) {
    for (let grant = 0; grant < grants; grant++) {
      const issue = ["token", "issue", "t.yaml", "--redemptions-allowed", String(uses)];
      await sandbox.succeed(issue);
      const token = parseToken(sandbox.read("t.yaml"), "t.yaml");
      groups.push({ uses, clients: [] });
      for (let i = 0; i < clients; i++) {
        const name = `client-${groups.length}-${i}`;
        const csr = i % 2 === 0 ? undefined : await createRequest(await createKeyPair(), name);
        groups.at(-1)!.clients.push({ token, name, csr });
      }
    }
  }
  await sandbox.succeed(["controller", "stop"]);

  const waiting = shuffle(groups.flatMap(({ clients }) => clients));
  assert.equal(waiting.length, 200);
  let isDone = false;
  const killing = runAndKill(sandbox, run, () => isDone);
  await Promise.all(Array.from({ length: clientsAtOnce }, async () => {
    for (let client; (client = waiting.pop()) !== undefined;) {
      await new Promise((resolve) => setTimeout(resolve, randomInt(hesitationMs)));
      await redeem(client);
    }
  }));
  isDone = true;
  assert.ok(await killing > 5);

  for (const { uses, clients } of groups) {
    const serials = clients.flatMap(({ serial }) => serial === "" ? [] : [serial]);
    assert.equal(new Set(serials).size, serials.length);
    // more asked than there were uses, and each asked until it was answered: all uses are given
    assert.equal(serials.length, uses);
  }
  await eventually(async () => {
    const counted = await countedUses(sandbox);
    return groups.every(({ uses, clients }) =>
      counted.get(clients[0]!.token.metadata.name) === uses
    );
  }, () => "a grant's status does not show the uses that were given");
  for (const { csr, serial, ...client } of groups.flatMap(({ clients }) => clients)) {
    if (csr === undefined || serial === "") continue;
    const { status, body } = await post({ ...client, csr });
    assert.equal(status, 200, "the same key is the same redemption, for ever");
    assert.equal(certificateIn(body).serialNumber, serial);
  }
}

/** In an order that the names alone decide, so that a failure can be looked into. */
function shuffle(clients: Client[]): Client[] {
  const rank = ({ name }: Client) => createHash("sha256").update(name).digest("hex");
  return clients.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
