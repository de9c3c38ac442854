import { appError } from "../../src/errors/app_error.ts";
import type { LedgerStore } from "../../src/grant_service/ledger/backing.ts";
import type { Ledger } from "../../src/grant_service/ledger/ledger.ts";
import { LedgerQueue } from "../../src/grant_service/ledger/ledger_queue.ts";
import { createRandom, type Random } from "../../test/prove/simulation/random.ts";
import { Cores, VirtualTime } from "./virtual_time.ts";

/** What things cost, in milliseconds of a core where it is not said otherwise. */
export interface Costs {
  /** Of a replica, for each redemption: before its commit, and after it. */
  before: number;
  after: number;
  /** Of a replica, for each read and each write of a ledger. */
  read: number;
  write: number;
  /** Of the API server and etcd, for the same. */
  serveRead: number;
  serveWrite: number;
  /** Of a client, for each redemption. */
  client: number;
  /** How long etcd's disk takes for a write: milliseconds of time, at least and at most. */
  diskMs: readonly [number, number];
}

/** What is simulated. */
export interface ModelPlan {
  replicas: number;
  clients: number;
  /** Cores that all share; undefined: one for each replica, and enough for all else. */
  sharedCores?: number;
  costs: Costs;
}

/** What came of it. */
export interface ModelResult {
  perSecond: number;
  /** How often another replica was first, for each commit. */
  conflicts: number;
  /** The mean, as a client sees it. */
  latencyMs: number;
}

const warmUpMs = 2000;
const measuredMs = 5000;

/**
 * Simulates clients that redeem one grant, each again as soon as it was answered, at replicas that
 * run the product's own ledger queue. The same plan gives the same result.
 */
export async function runModel(plan: ModelPlan): Promise<ModelResult> {
  const { costs, sharedCores, clients } = plan;
  const time = new VirtualTime();
  const random = createRandom(1);
  const shared = sharedCores === undefined ? undefined : new Cores(time, sharedCores);
  const elsewhere = shared ?? new Cores(time, Infinity);
  const server = new Server(time, elsewhere, costs, random);
  const replicas = Array.from(
    { length: plan.replicas },
    () => new Replica(time, shared ?? new Cores(time, 1), server, costs, random),
  );
  let connections = 0;
  let answered = 0;
  let waitedMs = 0;
  async function redeem(): Promise<void> {
    for (;;) {
      const from = time.now;
      await elsewhere.work(costs.client);
      await replicas[connections++ % replicas.length]!.redeem();
      answered++;
      waitedMs += time.now - from;
    }
  }
  for (let client = 0; client < clients; client++) void redeem();
  await time.run(warmUpMs);
  answered =
    waitedMs =
    server.commits =
    server.conflicts =
      0;
  await time.run(warmUpMs + measuredMs);
  return {
    perSecond: answered / measuredMs * 1000,
    conflicts: server.conflicts / server.commits,
    latencyMs: waitedMs / answered,
  };
}

/** An API server that holds one ledger. */
class Server {
  readonly #time: VirtualTime;
  readonly #cores: Cores;
  readonly #costs: Costs;
  readonly #random: Random;
  #ledger = emptyLedger();
  #version = 0;
  commits = 0;
  conflicts = 0;

  constructor(time: VirtualTime, cores: Cores, costs: Costs, random: Random) {
    this.#time = time;
    this.#cores = cores;
    this.#costs = costs;
    this.#random = random;
  }

  async read() {
    await this.#cores.work(this.#costs.serveRead);
    return { ledger: this.#ledger, version: String(this.#version) };
  }

  async write(ledger: Ledger, version: string | undefined): Promise<string> {
    await this.#cores.work(this.#costs.serveWrite);
    this.#compare(version);
    const [least, most] = this.#costs.diskMs;
    await this.#time.sleep(least + fraction(this.#random) * (most - least));
    this.#compare(version);
    this.#ledger = ledger;
    this.commits++;
    return String(++this.#version);
  }

  #compare(version: string | undefined): void {
    if (version === String(this.#version)) return;
    this.conflicts++;
    throw appError("conflict", { kind: "Ledger", name: "west" });
  }
}

/** A replica: one thread that does all in the order in which it comes. */
class Replica {
  readonly #cores: Cores;
  readonly #costs: Costs;
  readonly #queue: LedgerQueue;
  #thread = Promise.resolve();

  constructor(time: VirtualTime, cores: Cores, server: Server, costs: Costs, random: Random) {
    this.#cores = cores;
    this.#costs = costs;
    const store: LedgerStore = {
      read: async () => {
        const stored = await server.read();
        await this.#work(costs.read);
        return stored;
      },
      write: async (ledger, version) => {
        await this.#work(costs.write);
        const written = await server.write(ledger, version);
        await this.#work(0);
        return written;
      },
      remove: () => Promise.resolve(),
      list: () => Promise.resolve([]),
    };
    this.#queue = new LedgerQueue(() => store, "uid", emptyLedger, () => 0, {
      now: () => time.now,
      sleep: (ms) => time.sleep(ms),
      random: () => fraction(random),
    });
  }

  async redeem(): Promise<void> {
    await this.#work(this.#costs.before);
    await this.#queue.update((ledger) => ({
      ledger: { ...ledger, counted: ledger.counted + 1 },
      result: undefined,
    }));
    await this.#work(this.#costs.after);
  }

  #work(ms: number): Promise<void> {
    return this.#thread = this.#thread.then(() => this.#cores.work(ms));
  }
}

function fraction(random: Random): number {
  return random.next() / 2 ** 32;
}

function emptyLedger(): Ledger {
  return { grantUid: "uid", grantName: "west", counted: 0, redemptions: [] };
}
