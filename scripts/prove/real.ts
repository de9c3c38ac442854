import { inSandbox } from "../../test/e2e/stage/harness.ts";
import { issueToken, prepareSites } from "../../test/e2e/stage/sites.ts";
import { say, writeFigures } from "../../test/prove/figures.ts";
import { groundOfCluster } from "../../test/prove/real/cluster_ground.ts";
import { redeemTogether } from "../../test/prove/real/crowd.ts";
import { askOnce } from "../../test/prove/real/client.ts";
import { groundOfFiles } from "../../test/prove/real/files_ground.ts";
import { type Ground, issueGrant } from "../../test/prove/real/ground.ts";
import { runRealHistories } from "../../test/prove/real/histories.ts";
import { beHostile } from "../../test/prove/real/hostile_clients.ts";
import { startSlowWay } from "../../test/prove/real/slow_way.ts";
import { parseToken } from "../../src/token/token_file.ts";
import { buildHere } from "../build.ts";
import { hasOption, numberOption } from "./options.ts";

/** Where real processes are at work. */
export type Place = "files" | "cluster";

/** How many clients a crowd has, and for how many uses. */
const crowd = 1000;
const crowdUses = [1, 7, 100];

async function onGround<T>(place: Place, act: (ground: Ground) => Promise<T>): Promise<T> {
  let outcome: T;
  const run = async (ground: Ground) => {
    outcome = await act(ground);
    await ground.end();
  };
  if (place === "cluster") await run(await groundOfCluster());
  else await inSandbox(async (sandbox) => run(await groundOfFiles(sandbox)))();
  return outcome!;
}

function buildUnlessBuilt(): void {
  if (!hasOption("--built")) buildHere();
}

function stopwatch(): () => number {
  const began = performance.now();
  return () => Math.round((performance.now() - began) / 1000);
}

function limitMs(): number {
  return (numberOption("--minutes") ?? 120) * 60_000;
}

/** Rounds of a thousand clients at once, for grants of 1, 7 and 100 uses in turn. */
export async function runCrowds(rounds: number, place: Place): Promise<boolean> {
  buildUnlessBuilt();
  const seconds = stopwatch();
  const limit = limitMs() / 1000;
  const waitedMs: number[] = [];
  const done: Record<number, number> = Object.fromEntries(crowdUses.map((uses) => [uses, 0]));
  let wrong = 0;
  await onGround(place, async (ground) => {
    for (let round = 1; round <= rounds && seconds() < limit; round++) {
      const found: string[] = [];
      for (const uses of crowdUses) {
        const name = `crowd-${round}-${uses}`;
        const issued = await issueGrant(ground, name, uses);
        const order = { uses, clients: crowd, ports: ground.ports() };
        const outcome = await redeemTogether(ground, issued, order);
        await ground.forget(name, issued.uid);
        waitedMs.push(...outcome.waitedMs);
        done[uses]!++;
        const { winners, spent, violations } = outcome;
        found.push(`${winners} of ${uses}`);
        if (winners === uses && spent === uses && violations.length === 0) continue;
        wrong++;
        console.log(`round ${round}, ${uses} uses:`, { winners, spent }, violations.slice(0, 3));
      }
      console.log(`  ${seconds()} s: round ${round}, winners ${found.join(", ")}; ${wrong} wrong`);
    }
  });
  const rows = Object.entries(done).map(([uses, times]) => `${times} of ${uses}`);
  const figures =
    `1,000 clients at once, rounds with a grant of as many uses: ${rows.join(", ")}; ` +
    `${wrong} with other than as many winners. Winners waited ${spread(waitedMs)}.`;
  console.log(`${figures} ${seconds()} s`);
  if (hasOption("--write")) writeFigures(`crowds, ${place}`, figures);
  return wrong === 0;
}

/** Has so many tokens live, their services and clients killed and failed meanwhile. */
export async function makeRealHistories(count: number, place: Place): Promise<boolean> {
  buildUnlessBuilt();
  const seconds = stopwatch();
  const order = { count, atOnce: numberOption("--at-once") ?? 24, limitMs: limitMs() };
  const progress = (done: number) => {
    if (done % 100 === 0) console.log(`  ${seconds()} s: ${say(done)} histories`);
  };
  const { histories, requests, faults, broken } = await onGround(
    place,
    (ground) => runRealHistories(ground, order, progress),
  );
  const injected = Object.values(faults).reduce((total, times) => total + times, 0);
  for (const [fault, times] of Object.entries(faults)) console.log(`  ${fault}: ${times}`);
  for (const { name, violations } of broken.slice(0, 10)) console.log(name, violations);
  const found = `${say(histories)} histories, ${say(requests)} requests, ${say(injected)} faults ` +
    `injected: ${broken.length} not allowed by the model.`;
  console.log(`${found} ${seconds()} s`);
  if (hasOption("--write")) writeFigures(`real, ${place}`, found);
  return broken.length === 0;
}

/** What legitimate redeemers are served beside, and by how long a way they come. */
const besides = [
  { what: "from the same address", isScattered: false, roundTripMs: 0 },
  { what: "from thousands", isScattered: true, roundTripMs: 0 },
  { what: "from thousands, redeemers 80 ms away", isScattered: true, roundTripMs: 80 },
];
const load = { wrong: 32, silent: 1000, dripping: 400 };

/** How many redeem beside each, one after the other, each asking once. */
const redeemers = 40;

/**
 * Has redeemers ask for uses, each once, while others send what is wrong at full speed and hold
 * connections.
 */
export async function redeemBesideHostileOnes(): Promise<boolean> {
  buildUnlessBuilt();
  const rows: string[] = [];
  let areServed = true;
  for (const { what, isScattered, roundTripMs } of besides) {
    await inSandbox(async (sandbox) => {
      await prepareSites(sandbox);
      await issueToken(sandbox, "t.yaml", "--redemptions-allowed", String(redeemers));
      const token = parseToken(sandbox.read("t.yaml"), "t.yaml");
      const way = await startSlowWay(Number(new URL(token.spec.url).port), roundTripMs);
      let isOver = false;
      const hostile = beHostile(token, () => isOver, { ...load, isScattered });
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const waitedMs: number[] = [];
      let tried = 0;
      const began = performance.now();
      for (let number = 0; number < redeemers && performance.now() - began < 60_000; number++) {
        const at = performance.now();
        const name = `east-${number}`;
        const answer = await askOnce(token, { name, subject: name }, { port: way.port })
          .catch((error) => ({ status: 0, body: String(error) }));
        if (answer.status === 200) waitedMs.push(performance.now() - at);
        else console.log(`  ${name}: ${answer.status} ${answer.body}`, performance.now() - at);
        tried++;
      }
      isOver = true;
      const { wrongCodes, unknownGrants, connections } = await hostile;
      await way.stop();
      const seconds = (performance.now() - began) / 1000;
      const rate = Math.round((wrongCodes + unknownGrants) / seconds);
      rows.push(
        `${what}: ${waitedMs.length} of ${tried} served, ${spread(waitedMs)}, beside ${rate} ` +
          `wrong codes and unknown grants and ${Math.round(connections / seconds)} more a second`,
      );
      console.log(rows.at(-1));
      areServed &&= waitedMs.length === tried;
    })();
  }
  if (hasOption("--write")) writeFigures("hostile", `${rows.join("; ")}.`);
  return areServed;
}

function spread(waitedMs: number[]): string {
  const sorted = waitedMs.toSorted((a, b) => a - b);
  const at = (part: number) => say(Math.round(sorted[Math.floor(sorted.length * part)] ?? 0));
  return `${at(0.5)} ms (median), ${at(0.99)} ms (99 %)`;
}
