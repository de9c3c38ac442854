import * as fs from "node:fs";
import * as path from "node:path";
import { LedgerFiles } from "../../platforms/resource_files/serving/ledger_files.ts";
import { usesSpent } from "../../src/grant_service/ledger/ledger.ts";
import { parseToken, type UsableToken } from "../../src/token/token_file.ts";
import { postToken } from "../e2e/stage/grant_client.ts";
import type { Sandbox } from "../e2e/stage/harness.ts";
import { issueToken } from "../e2e/stage/sites.ts";
import { recordGiven } from "./given.ts";
import type { Happening, HappeningNow } from "./history.ts";
import { judge, type Violation } from "./judge.ts";

/** What came of one crowd. */
export interface CrowdOutcome {
  winners: number;
  spent: number;
  violations: Violation[];
  /** How long the winners waited, in milliseconds, in order. */
  waitedMs: number[];
}

/** How many ask at the same time; the service takes no more connections than it has room for. */
const usuallyAtOnce = 200;

/**
 * Has that many clients redeem one grant of the sandbox's site west at once, as upstream's do; each
 * asks until it is answered. `trouble` goes on meanwhile, until it is told to stop.
 */
export async function redeemInCrowd(
  sandbox: Sandbox,
  uses: number,
  clients: number,
  trouble: (isOver: () => boolean, token: UsableToken) => Promise<void> = () => Promise.resolve(),
  atOnce = usuallyAtOnce,
): Promise<CrowdOutcome> {
  const file = `crowd-${crypto.randomUUID()}.yaml`;
  await issueToken(sandbox, file, "--redemptions-allowed", String(uses));
  const token = parseToken(sandbox.read(file), file);
  const grant = new URL(token.spec.url).pathname.slice(1);
  const history: Happening[] = [];
  const record = (one: HappeningNow) => void history.push({ at: Date.now(), ...one });
  record({ what: "issued", grant, uses, expiresAt: Date.now() + 15 * 60_000 });
  record({ what: "storing", grant, spent: uses, serials: [] });
  const waitedMs: number[] = [];

  async function redeem(client: string): Promise<void> {
    const began = performance.now();
    for (let number = 1; performance.now() - began < 120_000; number++) {
      const attempt = `${client}.${number}`;
      record({ what: "asked", attempt, client, grant, claimant: `name ${client}` });
      const answer = await postToken(token, { name: client, subject: client }).catch(() => {});
      if (answer?.status === 200) {
        recordGiven(record, { attempt, client }, answer.body);
        waitedMs.push(performance.now() - began);
        return;
      }
      if (answer?.status === 404) {
        record({ what: "refused", attempt, reason: "used-up" });
        record({ what: "ended", client, how: "refused" });
        return;
      }
      record({ what: "lost", attempt });
      await new Promise((resolve) => setTimeout(resolve, 50 + 200 * Math.random()));
    }
    record({ what: "ended", client, how: "stuck" });
  }

  let isOver = false;
  const troubled = trouble(() => isOver, token);
  const names = Array.from({ length: clients }, (_, number) => `east-${number}`);
  await Promise.all(Array.from({ length: Math.min(atOnce, clients) }, async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) await redeem(name);
  }));
  isOver = true;
  await troubled;
  const ledger = await readLedger(sandbox, grant);
  const spent = ledger === undefined ? 0 : usesSpent(ledger);
  record({
    what: "final",
    grant,
    spent,
    uses: (ledger?.redemptions ?? []).map(({ serial, name, at }) => ({
      serial,
      claimant: `name ${name}`,
      at: Date.parse(at),
    })),
  });
  const winners = waitedMs.length;
  return { winners, spent, violations: judge(history), waitedMs: waitedMs.sort((a, b) => a - b) };
}

async function readLedger(sandbox: Sandbox, grant: string) {
  const state = path.join(sandbox.dataHome, "hawser", "west");
  for (const uid of fs.readdirSync(state)) {
    const folder = path.join(state, uid, "ledgers");
    const stored = await new LedgerFiles("west", () => Promise.resolve(folder)).read(grant);
    if (stored !== undefined) return stored.ledger;
  }
  return undefined;
}
