import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { createKeyPair } from "../../../src/pki/key_pair.ts";
import { createRequest } from "../../../src/pki/request.ts";
import { missingForKubernetes } from "../../testbed/kubernetes/programs.ts";
import { Cluster, type Replica } from "../stage/cluster.ts";
import { eventually } from "../stage/eventually.ts";
import { certificateIn, postToken, type Redeemer } from "../stage/grant_client.ts";
import { RoundRobin } from "../stage/round_robin.ts";

const replicas = 3;
const redeemersAtOnce = 32;
const mostKills = 12;

if (missingForKubernetes !== undefined) {
  test(`replicas of the controller (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("three replicas of the controller behind a balancer", () => {
    let cluster: Cluster;
    let proxy: RoundRobin;
    let west: string;
    const running: Replica[] = [];

    before(async () => {
      cluster = await Cluster.open();
      proxy = await RoundRobin.start();
      west = await cluster.createSite("west", "--enable-link-access");
      for (let i = 0; i < replicas; i++) await startReplica(i);
    });

    after(async () => {
      await proxy?.close();
      await cluster?.end();
    });

    async function startReplica(place: number): Promise<void> {
      const exposed = `--expose=127.0.0.1:${proxy.port}`;
      const replica = await cluster.startController(exposed);
      running[place] = replica;
      proxy.ports[place] = replica.grantPort;
    }

    /** Kills replicas at random moments and starts them again, until it is over. */
    async function killAgainAndAgain(isOver: () => boolean): Promise<number> {
      for (let kills = 0;; kills++) {
        await new Promise((resolve) => setTimeout(resolve, randomInt(50, 400)));
        if (isOver() || kills === mostKills) return kills;
        const place = kills % replicas;
        process.kill(running[place]!.running.process.pid!, "SIGKILL");
        await running[place]!.running.ended;
        await startReplica(place);
      }
    }

    /**
     * Asks as long as it takes to be answered; the serial number of what was given, or undefined.
     */
    async function redeem(
      token: Parameters<typeof postToken>[0],
      redeemer: Redeemer,
    ): Promise<string | undefined> {
      for (;;) {
        try {
          const { status, body } = await postToken(token, redeemer);
          if (status === 200) return certificateIn(body).serialNumber;
          if (status === 404) {
            assert.equal(body, "No such access granted\n");
            return undefined;
          }
          assert.ok(status >= 500, `${status} ${body}`);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    /**
     * 32 redeemers at once, more than there are uses, while `trouble` goes on; returns the serial
     * numbers.
     */
    async function contend(
      uses: number,
      kind: "with keys" | "like upstream's" | "all alike",
      trouble: (isOver: () => boolean) => Promise<unknown>,
    ): Promise<void> {
      const { token } = await cluster.issue(west, `--redemptions-allowed=${uses}`);
      const waiting = await Promise.all(
        Array.from({ length: uses + redeemersAtOnce }, (_, i) => makeRedeemer(kind, i)),
      );
      const serials: string[] = [];
      let isOver = false;
      const troubling = trouble(() => isOver);
      await Promise.all(Array.from({ length: redeemersAtOnce }, async () => {
        for (let redeemer; (redeemer = waiting.pop()) !== undefined;) {
          const serial = await redeem(token, redeemer);
          if (serial !== undefined) serials.push(serial);
        }
      }));
      isOver = true;
      await troubling;
      assert.equal(new Set(serials).size, uses);
      // who can't be told apart may be given the same where it was lost on the way
      if (kind !== "all alike") assert.equal(serials.length, uses);
      const { name } = token.metadata;
      await eventually(async () => {
        const grant = await cluster.read("AccessGrant", west, name);
        return grant?.status?.redemptions === uses;
      }, () => "the grant's status does not show the uses that were given");
    }

    for (const uses of [1, 7, 300]) {
      test(`${uses} uses among redeemers with keys of their own, replicas killed`, async () => {
        await contend(uses, "with keys", killAgainAndAgain);
      });
      test(`${uses} uses among redeemers like upstream's, replicas killed`, async () => {
        await contend(uses, "like upstream's", killAgainAndAgain);
      });
    }

    test("7 uses among redeemers that can't be told apart", async () => {
      await contend(7, "all alike", () => Promise.resolve());
    });

    test("300 uses while the API server is started again", async () => {
      await contend(300, "with keys", async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        await cluster.testbed.restart();
      });
    });
  });
}

async function makeRedeemer(
  kind: "with keys" | "like upstream's" | "all alike",
  number: number,
): Promise<Redeemer> {
  const name = kind === "all alike" ? "" : `east-${number}`;
  const csr = kind === "with keys" ? await createRequest(await createKeyPair(), name) : undefined;
  return { name, subject: kind === "with keys" ? name : "", csr };
}
