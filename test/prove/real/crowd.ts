import { parseToken, type UsableToken } from "../../../src/token/token_file.ts";
import type { Sandbox } from "../../e2e/stage/harness.ts";
import { issueToken } from "../../e2e/stage/sites.ts";
import type { Happening, HappeningNow } from "../history.ts";
import { judge, type Violation } from "../judge.ts";
import { askOnce } from "./client.ts";
import { ledgersOf } from "./files_ground.ts";
import { recordGiven } from "./given.ts";
import { type Ground, type IssuedGrant, readFinal } from "./ground.ts";

/** What came of one crowd. */
export interface CrowdOutcome {
  winners: number;
  spent: number;
  violations: Violation[];
  /** How long the winners waited, in milliseconds, in order. */
  waitedMs: number[];
}

/** A crowd, and what goes on beside it. */
export interface CrowdOptions {
  uses: number;
  clients: number;
  /** How many ask at the same time; all of them if it is not said. */
  atOnce?: number;
  /** The ports of the replicas, if the token's own is not to be asked. */
  ports?: readonly number[];
  /** Goes on meanwhile, until it is told to stop. */
  trouble?(token: UsableToken, isOver: () => boolean): Promise<unknown>;
}

/** How long a client asks on, in milliseconds. */
const patienceMs = 120_000;

/** Has a crowd redeem a new grant of the sandbox's site west. */
export async function redeemInCrowd(
  sandbox: Sandbox,
  options: CrowdOptions,
): Promise<CrowdOutcome> {
  const file = `crowd-${crypto.randomUUID()}.yaml`;
  await issueToken(sandbox, file, "--redemptions-allowed", String(options.uses));
  const token = parseToken(sandbox.read(file), file);
  const uid = new URL(token.spec.url).pathname.slice(1);
  const issued = { token, uid, expiresAt: Date.now() + 15 * 60_000 };
  return await redeemTogether({ ledgers: ledgersOf(sandbox.dataHome, "west") }, issued, options);
}

/**
 * Has that many clients redeem one grant at once, as upstream's do; each asks until it is answered.
 */
export async function redeemTogether(
  ground: Pick<Ground, "ledgers">,
  { token, uid: grant, expiresAt }: IssuedGrant,
  { uses, clients, atOnce = clients, ports, trouble }: CrowdOptions,
): Promise<CrowdOutcome> {
  const history: Happening[] = [];
  const record = (one: HappeningNow) => void history.push({ at: Date.now(), ...one });
  record({ what: "issued", grant, uses, expiresAt });
  record({ what: "storing", grant, spent: uses, serials: [] });
  const waitedMs: number[] = [];

  async function redeem(client: string, port: number | undefined): Promise<void> {
    const began = performance.now();
    for (let number = 1; performance.now() - began < patienceMs; number++) {
      const attempt = `${client}.${number}`;
      record({ what: "asked", attempt, client, grant, claimant: `name ${client}` });
      const answer = await askOnce(token, { name: client, subject: client }, { port })
        .catch(() => {});
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
  const troubled = trouble?.(token, () => isOver);
  const numbers = Array.from({ length: clients }, (_, number) => number);
  await Promise.all(Array.from({ length: Math.min(atOnce, clients) }, async () => {
    for (let next = numbers.shift(); next !== undefined; next = numbers.shift()) {
      await redeem(`east-${next}`, ports?.[next % ports.length]);
    }
  }));
  isOver = true;
  await troubled;
  const final = await readFinal(ground, grant);
  record(final);
  waitedMs.sort((a, b) => a - b);
  return { winners: waitedMs.length, spent: final.spent, violations: judge(history), waitedMs };
}
