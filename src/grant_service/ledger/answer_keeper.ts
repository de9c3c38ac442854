import { type Now, steadyNow } from "../../runtime/clock.ts";
import { AnswerAges } from "./answer_ages.ts";
import type { Ledger, Redemption } from "./ledger.ts";
import type { LedgerChange, LedgerQueue } from "./ledger_queue.ts";
import {
  eraseAnswers,
  hold,
  holdAnswer,
  markDelivered,
  nextErasureIn,
  releaseAnswer,
  repeatWindowMs,
} from "./redemption_rules.ts";

/**
 * How soon a delivered answer is erased, in milliseconds: not at once, since that rewrites a
 * ledger.
 */
const eraseAfterMs = 1000;

/**
 * Keeps the answers in a ledger that hold private keys as long as they may be needed, and no
 * longer.
 */
export class AnswerKeeper {
  readonly #queue: LedgerQueue;
  readonly #now: Now;
  readonly #steady: Now;
  readonly #service: string | undefined;
  /** How long this process has known of the answers. */
  readonly ages: AnswerAges;
  /** Serial numbers of delivered answers that are not recorded in the ledger yet. */
  #delivered = new Set<string>();
  #eraser: { dueAt: number; timer: ReturnType<typeof setTimeout> } | undefined;
  #isClosed = false;

  /** `service` names this one among several that share the ledger. */
  constructor(
    queue: LedgerQueue,
    { now, steady = steadyNow, service }: {
      now: Now;
      steady?: Now | undefined;
      service: string | undefined;
    },
  ) {
    this.#queue = queue;
    this.#now = now;
    this.#steady = steady;
    this.ages = new AnswerAges(steady);
    this.#service = service;
  }

  /** Changes the ledger. What was delivered is recorded first. */
  update<T>(change: LedgerChange<T>): Promise<T> {
    if (this.#delivered.size > 0) void this.#tellDelivered();
    return this.#queue.update(change);
  }

  /** The redemption, its answer left to this service by the others. */
  hold(redemption: Redemption): Redemption {
    return this.#service === undefined ? redemption : hold(redemption, this.#service, this.#now());
  }

  /** The ledger by which other services leave an answer that is given again to this one. */
  holdAgain(ledger: Ledger, { answer, serial }: Redemption): Ledger {
    return this.#service === undefined || answer === undefined
      ? ledger
      : holdAnswer(ledger, serial, this.#service, this.#now());
  }

  /** Sees to the answer with that certificate, which was sent and was taken or not. */
  settle(serial: string, delivered: boolean): void {
    if (delivered) this.#delivered.add(serial);
    else {
      this.ages.ofAnswer({ serial });
      void this.#release(serial);
    }
    this.#eraseIn(delivered ? eraseAfterMs : repeatWindowMs);
  }

  /** Sees to the answers that are in the ledger, whoever put them there. */
  takeOver({ redemptions }: Ledger): void {
    const kept = redemptions.filter(({ answer }) => answer !== undefined);
    this.ages.note(kept);
    this.#eraseIn(nextErasureIn(kept, this.ages));
  }

  /** Erases the answers that were delivered, and leaves nothing for later. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#eraser !== undefined) {
      clearTimeout(this.#eraser.timer);
      this.#eraser = undefined;
      await this.#erase();
    }
    await this.#queue.idle();
  }

  async #tellDelivered(): Promise<void> {
    const serials = this.#delivered;
    this.#delivered = new Set();
    const tell = (ledger: Ledger) => ({
      ledger: markDelivered(ledger, serials),
      result: undefined,
    });
    try {
      await this.#queue.update(tell);
    } catch {
      // the next change of the ledger meets the same error, and records this then
      this.#delivered = this.#delivered.union(serials);
    }
  }

  /**
   * Lets other services give the answer again. If that fails, they do so once its time has come.
   */
  async #release(serial: string): Promise<void> {
    const service = this.#service;
    if (service === undefined) return;
    const change = (ledger: Ledger) => ({
      ledger: releaseAnswer(ledger, serial, service),
      result: undefined,
    });
    await this.update(change).catch(() => {});
  }

  #eraseIn(ms: number | undefined): void {
    if (this.#isClosed || ms === undefined) return;
    const dueAt = this.#steady() + ms;
    if (this.#eraser !== undefined && this.#eraser.dueAt <= dueAt) return;
    clearTimeout(this.#eraser?.timer);
    const timer = setTimeout(() => {
      this.#eraser = undefined;
      this.#erase().catch(() => this.#eraseIn(eraseAfterMs));
    }, ms);
    this.#eraser = { dueAt, timer };
  }

  async #erase(): Promise<void> {
    const left = await this.update((before) => {
      const ledger = eraseAnswers(before, this.ages);
      return { ledger, result: ledger };
    });
    this.ages.forgetOthers(left.redemptions.filter(({ answer }) => answer !== undefined));
    this.takeOver(left);
  }
}
