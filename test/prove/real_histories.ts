import { Buffer } from "node:buffer";
import { randomInt } from "node:crypto";
import { allRedemptions, type Ledger, usesSpent } from "../../src/grant_service/ledger/ledger.ts";
import { createKeyPair, exportPublicKey, publicKeyHash } from "../../src/pki/key_pair.ts";
import { createRequest } from "../../src/pki/request.ts";
import type { UsableToken } from "../../src/token/token_file.ts";
import { postToken } from "../e2e/stage/grant_client.ts";
import { type Between, startRelay } from "../fakes/relay.ts";
import { recordGiven } from "./given.ts";
import type { Happening, HappeningNow } from "./history.ts";
import { judge, type Violation } from "./judge.ts";

/** A token to be redeemed, and the grant that it is of. */
export interface IssuedGrant {
  token: UsableToken;
  uid: string;
  expiresAt: number;
}

/** Where real histories happen: a machine, or a cluster. */
export interface Ground {
  /** Where the grant service, or a balancer before its replicas, listens on loopback. */
  readonly port: number;
  issue(name: string, uses: number): Promise<IssuedGrant>;
  /** The ledger as it is stored; undefined if there is none. */
  ledgerOf(uid: string): Promise<Ledger | undefined>;
  /** Takes the grant away, once its history is judged. */
  forget(name: string): Promise<void>;
  /** Does to the services what may befall them, until it is over. */
  trouble(isOver: () => boolean, note: (what: string) => void): Promise<void>;
}

/** What came of many histories. */
export interface RealOutcome {
  histories: number;
  requests: number;
  faults: Record<string, number>;
  broken: { name: string; violations: Violation[] }[];
}

/** Proxies on the way, by what they do; a client meets one of them each time. */
const proxies: Record<string, Between> = {
  "passes": { after: "pass" },
  "proxy cuts the answer, and ends": { after: "fin", cutsAnswerAt: 0 },
  "proxy cuts the answer late, and ends": { after: "fin", cutsAnswerAt: 700 },
  "proxy resets": { after: "reset", cutsAnswerAt: 0 },
  "proxy spoils the answer": { after: "fin", spoilsAnswer: true },
};

/** How long a client asks on, in milliseconds. */
const patienceMs = 120_000;

/**
 * Has that many tokens live on the ground, some at once: each is issued, redeemed by several
 * clients with and without keys of their own, through proxies that cut, and judged.
 */
export async function runRealHistories(
  ground: Ground,
  { count, atOnce = 8, limitMs }: { count: number; atOnce?: number; limitMs: number },
  progress: (done: number) => void,
): Promise<RealOutcome> {
  const outcome: RealOutcome = { histories: 0, requests: 0, faults: {}, broken: [] };
  const note = (what: string) => outcome.faults[what] = (outcome.faults[what] ?? 0) + 1;
  const relays = await Promise.all(
    Object.entries(proxies).map(async ([name, between]) => ({
      name,
      ...await startRelay(ground.port, between),
    })),
  );
  const shared: Happening[] = [];
  const began = Date.now();
  let isOver = false;
  let next = 0;
  const troubled = ground.trouble(() => isOver, (what) => {
    note(what);
    shared.push({ at: Date.now(), what: "started", grant: "" });
  });
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < count && Date.now() - began < limitMs) {
      const name = `real-${++next}`;
      const violations = await live(name);
      outcome.histories++;
      if (violations.length > 0) outcome.broken.push({ name, violations });
      progress(outcome.histories);
    }
  }));
  isOver = true;
  await troubled;
  await Promise.all(relays.map((relay) => relay.stop()));
  return outcome;

  async function live(name: string): Promise<Violation[]> {
    const uses = [1, 1, 2, 3][randomInt(4)]!;
    const { token, uid, expiresAt } = await ground.issue(name, uses);
    const history: Happening[] = [];
    const record = (one: HappeningNow) => void history.push({ at: Date.now(), ...one });
    record({ what: "issued", grant: uid, uses, expiresAt });
    record({ what: "storing", grant: uid, spent: uses, serials: [] });
    const from = shared.length;
    await Promise.all(
      Array.from(
        { length: 2 + randomInt(3) },
        (_, number) => redeem(`${name}-${number}`, token, uid, record),
      ),
    );
    const ledger = await ground.ledgerOf(uid);
    record({
      what: "final",
      grant: uid,
      spent: ledger === undefined ? 0 : usesSpent(ledger),
      uses: (ledger === undefined ? [] : allRedemptions(ledger)).map((use) => ({
        serial: use.serial,
        claimant: use.keyHash === undefined ? `name ${use.name}` : `key ${use.keyHash}`,
        at: Date.parse(use.at),
      })),
    });
    await ground.forget(name);
    const starts = shared.slice(from).map((one) => ({ ...one, grant: uid }) as Happening);
    return judge([...history, ...starts].sort((a, b) => a.at - b.at));
  }

  async function redeem(
    client: string,
    token: UsableToken,
    grant: string,
    record: (one: HappeningNow) => void,
  ): Promise<void> {
    const pair = randomInt(2) === 0 ? await createKeyPair() : undefined;
    const csr = pair && await createRequest(pair, client);
    const spki = pair && exportPublicKey(pair.publicKey);
    const claimant = spki === undefined ? `name ${client}` : `key ${publicKeyHash(spki)}`;
    const own = spki && Buffer.from(spki).toString("base64");
    const began = Date.now();
    for (let number = 1; Date.now() - began < patienceMs; number++) {
      const attempt = `${client}.${number}`;
      const relay = relays[number > 4 ? 0 : randomInt(relays.length)]!;
      if (relay.name !== "passes") note(relay.name);
      outcome.requests++;
      record({ what: "asked", attempt, client, grant, claimant, ...(own ? { key: own } : {}) });
      const url = new URL(token.spec.url);
      url.port = String(relay.port);
      const through = { ...token, spec: { ...token.spec, url: url.href } };
      const answer = await postToken(through, { name: client, subject: client, csr })
        .catch(() => undefined);
      if (answer?.status === 200) {
        recordGiven(record, { attempt, client }, answer.body);
        return;
      }
      if (answer?.status === 404) {
        const reason = /access granted/.test(answer.body) ? "used-up" : "unknown";
        record({ what: "refused", attempt, reason });
        record({ what: "ended", client, how: "refused" });
        return;
      }
      record({ what: "lost", attempt });
      await new Promise((resolve) => setTimeout(resolve, 20 + randomInt(200)));
    }
    record({ what: "ended", client, how: "stuck" });
  }
}
