import { type AppError, appError, isAppError } from "../../errors/app_error.ts";
import type { AccessGrant } from "../../resources/access_grant.ts";
import type { Now } from "../../runtime/clock.ts";
import { AnswerKeeper } from "./answer_keeper.ts";
import type { GrantBacking } from "./backing.ts";
import { type Ledger, usesSpent } from "./ledger.ts";
import { type LedgerChange, LedgerQueue } from "./ledger_queue.ts";

/** What a record goes by. */
export interface RecordContext {
  /** Milliseconds since 1970. */
  now: Now;
  /** Milliseconds by a clock that nobody sets; the process' own by default. */
  steady?: Now | undefined;
  /** The name of this service among several that share the ledgers. */
  service: string | undefined;
}

/** A grant as it is served now. */
export interface ServedGrant {
  grant: AccessGrant;
  backing: GrantBacking;
}

/**
 * All that is on record of one grant: its ledger, what its status says, and what this process has
 * seen. Of records that differ the highest counts. All methods throw `ledger-failed` (see
 * `isDamage`).
 */
export class GrantRecord {
  readonly #served: () => ServedGrant;
  readonly #queue: LedgerQueue;
  readonly answers: AnswerKeeper;
  #isOpened = false;
  #isDamaged = false;

  /** `served` gives the grant as it is now. */
  constructor(served: () => ServedGrant, context: RecordContext) {
    this.#served = served;
    const store = () => served().backing.ledgers;
    const uid = served().grant.metadata.uid!;
    this.#queue = new LedgerQueue(
      store,
      uid,
      () => beginLedger(served().grant),
      () => usesInStatus(served().grant),
    );
    this.answers = new AnswerKeeper(this.#queue, context);
  }

  /** True while its ledger is damaged: then nothing is given. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Reads the ledger, and sees to what an earlier process left in it; once it has, nothing. */
  async open(): Promise<void> {
    if (this.#isOpened) return;
    this.answers.takeOver(await this.current());
    this.#isOpened = true;
  }

  /**
   * The ledger as last seen, read if that is more than `maxAgeMs` ago, in it what other records
   * say.
   */
  async current(maxAgeMs = Infinity): Promise<Ledger> {
    return await this.#named(this.#queue.current(maxAgeMs));
  }

  /** Changes the ledger as it is stored: see `LedgerQueue.update`. */
  update<T>(change: LedgerChange<T>): Promise<T> {
    return this.#named(this.answers.update(change));
  }

  /** Uses spent, by a ledger that may be that old; sees to the answers in it. */
  async usesSpent(maxAgeMs: number): Promise<number> {
    const ledger = await this.current(maxAgeMs);
    this.answers.takeOver(ledger);
    return usesSpent(ledger);
  }

  /** Writes what is left to write. */
  close(): Promise<void> {
    return this.#named(this.answers.close());
  }

  /** Names whose ledger failed, where one did. */
  async #named<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      this.#isDamaged = false;
      return result;
    } catch (cause) {
      this.#isDamaged = isAppError(cause, ...unreliable);
      const { grant, backing: { namespace } } = this.#served();
      throw appError("ledger-failed", { grant: grant.metadata.name, namespace }, { cause });
    }
  }
}

/** Ledgers that say too little, and will not say more at another try. */
const unreliable = ["ledger-damaged", "ledger-outdated"] as const;

/** True for `ledger-failed` of a ledger that can't be relied on: no other try will mend it. */
export function isDamage(error: unknown): error is AppError {
  return isAppError(error, "ledger-failed") && isAppError(error.cause, ...unreliable);
}

function beginLedger(grant: AccessGrant): Ledger {
  const { uid, name } = grant.metadata;
  return { grantUid: uid!, grantName: name, counted: usesInStatus(grant), redemptions: [] };
}

function usesInStatus({ status }: AccessGrant): number {
  return status?.redemptions ?? 0;
}
