import { backOffMs } from "../wait/retry.ts";

/** What working on an item leaves to do: nothing, or the same again after that time. */
export interface Outcome {
  againInMs?: number;
}

/** How a queue works. */
export interface QueueOptions<T> {
  /** Items with the same key are one piece of work. */
  keyOf(item: T): string;
  /**
   * Works on an item. An error it throws is reported, and the item is tried again after a back-off.
   */
  work(item: T): Promise<Outcome>;
  /** Called after each failure, before the back-off, with the number of failures in a row. */
  failed(item: T, error: unknown, failures: number): void;
  /** How many items are worked on at the same time. */
  limit: number;
  /** Items with the same one share what the limit allows; without it all are alike. */
  shareOf?(item: T): string;
  /** Work that takes that long makes its share a slow one, in milliseconds. */
  slowMs?: number;
  /** The longest back-off, in milliseconds. */
  longestBackOffMs?: number;
}

interface Entry<T> {
  item: T;
  /** Failures in a row. */
  failures: number;
  running: boolean;
  /**
   * When to work on it (again), in the milliseconds of performance.now(); undefined: not at all.
   */
  due: number | undefined;
  /** Set as long as `due` lies ahead. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Slow shares leave that part of the limit to the others. */
const partForQuick = 1 / 4;

/** What usual work takes at most, and how long a share is slow after work that took longer. */
const standardSlowMs = 2000;
const slowForMs = 300_000;

/** Timers hold 31 bits of milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * A keyed work queue. A key is worked on once at a time, however often it is added; different keys
 * are worked on beside each other. A key that failed is tried again after a back-off of its own.
 * The share that has the least under way comes first, among equals the one whose turn was longest
 * ago, and none takes more than it leaves free. Shares whose work was slow have three quarters
 * together: however many hang, a share that does not begins at once.
 */
export class WorkQueue<T> {
  readonly #options: QueueOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  /** What is due, by share. */
  readonly #ready = new Map<string, Entry<T>[]>();
  /** How much of each share is worked on. */
  readonly #held = new Map<string, number>();
  /** Until when a share is slow, in the milliseconds of performance.now(); the oldest first. */
  readonly #slowUntil = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: QueueOptions<T>) {
    this.#options = options;
  }

  /** Has the item worked on after `afterMs` milliseconds, or sooner if it was due sooner. */
  add(item: T, afterMs = 0): void {
    if (this.#stopped) return;
    const key = this.#options.keyOf(item);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { item, failures: 0, running: false, due: undefined, timer: undefined };
      this.#entries.set(key, entry);
    }
    this.#schedule(entry, afterMs);
  }

  /** Begins no more work and waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const entry of this.#entries.values()) clearTimeout(entry.timer);
    this.#entries.clear();
    this.#ready.clear();
    await Promise.all(this.#running);
  }

  #schedule(entry: Entry<T>, afterMs: number): void {
    const due = performance.now() + afterMs;
    if (entry.due !== undefined && entry.due <= due) return;
    entry.due = due;
    clearTimeout(entry.timer);
    entry.timer = undefined;
    if (afterMs > 0) {
      entry.timer = setTimeout(() => this.#release(entry), Math.min(afterMs, longestTimerMs));
    } else {
      this.#release(entry);
    }
  }

  /** Its time has come; while it runs, that is seen when it ends. */
  #release(entry: Entry<T>): void {
    entry.timer = undefined;
    if (entry.running) return;
    this.#enqueue(entry);
    this.#fill();
  }

  #fill(): void {
    while (!this.#stopped && this.#running.size < this.#options.limit) {
      const share = this.#nextShare();
      if (share === undefined) return;
      const entries = this.#ready.get(share)!;
      const began = performance.now();
      const run = this.#run(entries.shift()!);
      // the map is in the order of the last turns
      this.#ready.delete(share);
      if (entries.length > 0) this.#ready.set(share, entries);
      this.#running.add(run);
      this.#held.set(share, this.#heldBy(share) + 1);
      void run.finally(() => {
        this.#running.delete(run);
        this.#judge(share, performance.now() - began);
        const held = this.#heldBy(share) - 1;
        if (held === 0) this.#held.delete(share);
        else this.#held.set(share, held);
        this.#fill();
      });
    }
  }

  /** The share to begin something of: of those that wait, the one with the least under way. */
  #nextShare(): string | undefined {
    const { limit, shareOf } = this.#options;
    const free = limit - this.#running.size;
    let freeForSlow = Math.ceil(limit * (1 - partForQuick));
    for (const share of this.#slowUntil.keys()) freeForSlow -= this.#heldBy(share);
    let next: string | undefined;
    for (const share of this.#ready.keys()) {
      const held = this.#heldBy(share);
      const most = this.#slowUntil.has(share) ? Math.min(free, freeForSlow) : free;
      const mayBegin = shareOf === undefined || held < most;
      if (mayBegin && (next === undefined || held < this.#heldBy(next))) next = share;
    }
    return next;
  }

  /** Notes how long work of a share took; quick work beside what hangs excuses nothing. */
  #judge(share: string, tookMs: number): void {
    const { shareOf, slowMs = standardSlowMs } = this.#options;
    if (shareOf === undefined || tookMs < slowMs) return;
    const now = performance.now();
    this.#slowUntil.delete(share);
    this.#slowUntil.set(share, now + slowForMs);
    for (const [other, until] of this.#slowUntil) {
      if (until > now) break;
      this.#slowUntil.delete(other);
    }
  }

  #heldBy(share: string): number {
    return this.#held.get(share) ?? 0;
  }

  #enqueue(entry: Entry<T>): void {
    const share = this.#options.shareOf?.(entry.item) ?? "";
    const entries = this.#ready.get(share);
    if (entries === undefined) this.#ready.set(share, [entry]);
    else entries.push(entry);
  }

  async #run(entry: Entry<T>): Promise<void> {
    entry.running = true;
    entry.due = undefined;
    let againInMs: number | undefined;
    try {
      againInMs = (await this.#options.work(entry.item)).againInMs;
      entry.failures = 0;
    } catch (error) {
      entry.failures++;
      this.#options.failed(entry.item, error, entry.failures);
      againInMs = backOffMs(entry.failures, this.#options.longestBackOffMs);
    }
    if (this.#stopped) return;
    if (againInMs !== undefined) this.#schedule(entry, againInMs);
    entry.running = false;
    if (entry.due === undefined) this.#entries.delete(this.#options.keyOf(entry.item));
    else if (entry.timer === undefined) this.#enqueue(entry);
  }
}
