import { isAppError } from "../../errors/app_error.ts";
import { type Now, sleep, steadyNow } from "../../runtime/clock.ts";
import type { LedgerStore } from "./backing.ts";
import { type Ledger, usesSpent } from "./ledger.ts";
import { raiseSpent } from "./redemption_rules.ts";

/** A change of a ledger: returns another one, or the same if nothing is to be changed. */
export type LedgerChange<T> = (ledger: Ledger) => { ledger: Ledger; result: T };

interface Waiting {
  change: LedgerChange<unknown>;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** What was last seen of a ledger. */
interface Known {
  ledger: Ledger;
  version: string | undefined;
  /** By the pace's clock. */
  at: number;
}

/** What waiting goes by. */
export interface Pace {
  /** Milliseconds by a clock that nobody sets. */
  now: Now;
  sleep(ms: number): Promise<void>;
  /** A number from 0 to 1, by chance. */
  random(): number;
}

const machinePace: Pace = { now: steadyNow, sleep, random: () => Math.random() };

/** How often a batch is tried where other writers keep coming first. */
const maxConflicts = 50;

/** How many other writers are reckoned with at most. */
const mostOthers = 8;

/** What each write that nobody came before leaves of the others that were reckoned with. */
const belief = 0.95;

/** What reading and writing is taken to last before it was measured, in milliseconds. */
const usualTurnMs = 20;

/** The longest time that is left to others, in milliseconds. */
const longestPauseMs = 500;

/**
 * The only writer, in this process, of one grant's ledger. Changes that wait are committed
 * together, by one compare-and-set; where another process was first, they are made anew on what it
 * wrote. So a change may be called several times and must do nothing but compute.
 *
 * Of all records at hand the highest count of uses is right: a ledger that says less, as one put
 * back from a copy, is given out and written with that count.
 *
 * Processes that write the same ledger take turns without a word: who has written leaves it to each
 * of the others for as long as a write takes. How many there are shows in how often another was
 * first.
 */
export class LedgerQueue {
  readonly #store: () => LedgerStore;
  readonly #grantUid: string;
  readonly #begin: () => Ledger;
  readonly #spentElsewhere: () => number;
  readonly #pace: Pace;
  #known: Known | undefined;
  #mostSpent = 0;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** How many others seem to write it. */
  #others = 0;
  #turnMs = usualTurnMs;
  /** When this one wrote it last, by the pace's clock. */
  #wroteAt = -Infinity;

  /**
   * `begin` gives the ledger of a grant that has none yet, `spentElsewhere` how many uses are spent
   * by what is on record beside the ledger.
   */
  constructor(
    store: () => LedgerStore,
    grantUid: string,
    begin: () => Ledger,
    spentElsewhere: () => number = () => 0,
    pace: Pace = machinePace,
  ) {
    this.#pace = pace;
    this.#store = store;
    this.#grantUid = grantUid;
    this.#begin = begin;
    this.#spentElsewhere = spentElsewhere;
  }

  /**
   * The ledger as last seen, read if that is more than `maxAgeMs` ago; another process may have
   * changed it since.
   */
  async current(maxAgeMs = Infinity): Promise<Ledger> {
    const known = this.#known;
    if (known !== undefined && this.#pace.now() - known.at <= maxAgeMs) {
      return this.#raise(known.ledger);
    }
    const read = await this.#read();
    // what a commit wrote meanwhile is newer
    if (this.#known === known) this.#known = read;
    return this.#raise(read.ledger);
  }

  /**
   * Changes the ledger. The result rests on the ledger as stored: on the write that confirmed it,
   * or on a fresh read where nothing was changed. Throws what the store throws; whether the change
   * was stored is not known then, and the next one finds out.
   */
  update<T>(change: LedgerChange<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // a waiting change's result goes back to where it came from and nowhere else
      this.#waiting.push({ change, resolve: resolve as (result: unknown) => void, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when no change waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // run later, so that all that come in this turn of the event loop are committed together
    await Promise.resolve();
    let conflicts = 0;
    while (this.#waiting.length > 0) {
      await this.#leaveToOthers();
      const batch = this.#waiting.splice(0);
      try {
        const results = await this.#commit(batch);
        batch.forEach(({ resolve }, index) => resolve(results[index]));
        conflicts = 0;
      } catch (error) {
        if (isAppError(error, "conflict") && ++conflicts <= maxConflicts) {
          // changes that have come meanwhile are committed with them
          this.#waiting.unshift(...batch);
          this.#others = Math.min(this.#others + 1, mostOthers);
          await this.#pace.sleep(this.#pace.random() * Math.min(this.#turnMs, longestPauseMs));
          continue;
        }
        this.#known = undefined;
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = undefined;
  }

  /** Waits until each of the others has had the time to write since this one has. */
  async #leaveToOthers(): Promise<void> {
    const pauseMs = Math.min(this.#others * this.#turnMs, longestPauseMs);
    const leftMs = this.#wroteAt + pauseMs - this.#pace.now();
    if (leftMs > 0) await this.#pace.sleep(leftMs);
  }

  /** Throws `conflict` where another writer was first. */
  async #commit(batch: Waiting[]): Promise<unknown[]> {
    let known = this.#others < 0.5 ? this.#known : undefined;
    for (;;) {
      const isFresh = known === undefined;
      const startedAt = this.#pace.now();
      known = await this.#closed(known ?? await this.#read());
      const before = this.#raise(known.ledger);
      const { ledger, results } = applyAll(batch, before);
      if (ledger !== before) {
        const version = await this.#store().write(ledger, known.version);
        this.#wroteAt = this.#pace.now();
        this.#known = { ledger, version, at: this.#wroteAt };
        this.#mostSpent = Math.max(this.#mostSpent, usesSpent(ledger));
        this.#others *= belief;
        if (isFresh) this.#turnMs += (this.#wroteAt - startedAt - this.#turnMs) / 4;
        return results;
      }
      if (isFresh) {
        this.#known = known;
        return results;
      }
      known = undefined;
    }
  }

  /** The ledger with the uses that any record at hand says were spent. */
  #raise(ledger: Ledger): Ledger {
    return raiseSpent(ledger, Math.max(this.#spentElsewhere(), this.#mostSpent));
  }

  /** The same, closed as far as may be before more comes to it. */
  async #closed(known: Known): Promise<Known> {
    const ledger = await this.#store().close?.(known.ledger) ?? known.ledger;
    return ledger === known.ledger ? known : { ...known, ledger };
  }

  async #read(): Promise<Known> {
    const at = this.#pace.now();
    const stored = await this.#store().read(this.#grantUid);
    const known = { at, ...stored ?? { ledger: this.#begin(), version: undefined } };
    this.#mostSpent = Math.max(this.#mostSpent, usesSpent(known.ledger));
    return known;
  }
}

function applyAll(batch: Waiting[], before: Ledger): { ledger: Ledger; results: unknown[] } {
  let ledger = before;
  const results: unknown[] = [];
  for (const { change } of batch) {
    const next = change(ledger);
    ledger = next.ledger;
    results.push(next.result);
  }
  return { ledger, results };
}
