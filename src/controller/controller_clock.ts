import { type Now, steadyNow } from "../runtime/clock.ts";

/** What was observed of the clocks, to be kept from one process to the next. */
export interface ClockNotes {
  /** How long was observed in all, in milliseconds. */
  observedMs: number;
  /** By when each began in observed time: the lowest and the highest that a clock said. */
  spells: [from: number, lowest: number, highest: number][];
}

/** Where the notes are kept. */
export interface ClockMemory {
  read(): Promise<ClockNotes | undefined>;
  /** Returns when that was, in milliseconds since 1970, by the clock of where they are kept. */
  write(notes: ClockNotes): Promise<number>;
}

/** What a controller's clock is made of; by default the machine's clocks alone. */
export interface ClockSources {
  /** The time that all go by who serve the same home, in milliseconds since 1970. */
  now?: Now;
  /** Counts milliseconds, and is set by nobody. */
  steady?: Now;
  /** This machine's clock, where `now` is another. */
  machine?: Now;
  /** Whose the other clock at hand is, as in "the cluster". */
  other?: string;
  memory?: ClockMemory;
}

/** How long something must have been the time on each clock before that is taken for certain. */
const settledAfterMs = 24 * 3_600_000;

/** How long a spell is. */
const spellMs = 3_600_000;

/** How often the clocks are looked at, in milliseconds. */
export const observeEveryMs = 60_000;

/** Clocks that differ by less are right, as far as anything here goes. */
const toleranceMs = 5000;

/**
 * The time as a controller goes by it. Any clock may be wrong for a while, so what can't be undone
 * waits for the settled time: what every clock at hand has said to be over throughout 24 hours in
 * which a controller was there to see it.
 */
export class ControllerClock {
  readonly now: Now;
  readonly steady: Now;
  readonly #machine: Now;
  readonly #other: string;
  readonly #memory: ClockMemory | undefined;
  #notes: ClockNotes | undefined;
  #observedAt: number;
  /** How far the store's clock is ahead of the machine's. */
  #storeAheadMs = 0;
  #problem: string | undefined;
  #errorMs = 0;

  constructor(sources: ClockSources = {}) {
    const { now = Date.now, steady = steadyNow, other = "the file system" } = sources;
    this.now = now;
    this.steady = steady;
    this.#machine = sources.machine ?? now;
    this.#other = other;
    this.#memory = sources.memory;
    this.#observedAt = steady();
  }

  /** What the clocks at hand say, in milliseconds since 1970. */
  readings(): number[] {
    const machine = this.#machine();
    return [this.now(), machine, machine + this.#storeAheadMs];
  }

  /**
   * What is over for certain, in milliseconds since 1970: the lowest that a clock said in the last
   * 24 hours of observation; -Infinity before there were so many.
   */
  settled(): number {
    const { observedMs = 0, spells = [] } = this.#notes ?? {};
    const isLongEnough = (spells[0]?.[0] ?? Infinity) <= observedMs - settledAfterMs;
    return isLongEnough ? Math.min(...spells.map(([, lowest]) => lowest)) : -Infinity;
  }

  /** What looks wrong with the clocks, for a person to see. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** How far they are off at least, in milliseconds. */
  get errorMs(): number {
    return this.#errorMs;
  }

  /** Looks at the clocks: to be called again and again. Throws what the memory throws. */
  async observe(): Promise<void> {
    this.#notes ??= await this.#memory?.read() ?? { observedMs: 0, spells: [] };
    const notes = this.#notes;
    const at = this.steady();
    // nobody has observed what a process slept through
    notes.observedMs += Math.min(at - this.#observedAt, 2 * observeEveryMs);
    this.#observedAt = at;
    const highest = Math.max(...notes.spells.map(([, , highest]) => highest));
    this.#note(notes);
    if (this.#memory !== undefined) {
      const before = this.#machine();
      const stored = await this.#memory.write(notes);
      const after = this.#machine();
      // no more than is certain: it was stored at some time in between
      this.#storeAheadMs = Math.max(0, stored - after) + Math.min(0, stored - before);
      this.#note(notes);
    }
    this.#judge(highest);
  }

  #note({ observedMs, spells }: ClockNotes): void {
    const readings = this.readings();
    const last = spells.at(-1);
    if (last === undefined || last[0] <= observedMs - spellMs) {
      spells.push([observedMs, Math.min(...readings), Math.max(...readings)]);
      while (spells[1] !== undefined && spells[1][0] <= observedMs - settledAfterMs) spells.shift();
    } else {
      last[1] = Math.min(last[1], ...readings);
      last[2] = Math.max(last[2], ...readings);
    }
  }

  /** `highest`: what a clock has said before. */
  #judge(highest: number): void {
    const [time, machine, stored] = this.readings() as [number, number, number];
    const other = machine === time ? stored : time;
    const apartMs = Math.abs(machine - other);
    const backMs = highest - Math.max(machine, other);
    this.#errorMs = Math.max(0, apartMs, backMs);
    this.#problem = apartMs > toleranceMs
      ? `this machine's clock says ${say(machine)}, that of ${this.#other} ${say(other)}`
      : backMs > toleranceMs
      ? `it is ${say(machine)}, but it was ${
        say(highest)
      } before: the clock was wrong then, or is now`
      : undefined;
    if (this.#problem === undefined) this.#errorMs = 0;
  }
}

function say(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
