/** Time that passes only as what is simulated asks for, and so as fast as it can be computed. */
export class VirtualTime {
  readonly #due: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  /** In milliseconds. */
  now = 0;

  /** Runs something that many milliseconds from now. */
  schedule(ms: number, run: () => void): void {
    const entry = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    let place = this.#due.push(entry) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!isBefore(entry, this.#due[above]!)) break;
      this.#due[place] = this.#due[above]!;
      place = above;
    }
    this.#due[place] = entry;
  }

  /** Resolves after that many milliseconds. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.schedule(ms, resolve));
  }

  /** Lets time pass until then. */
  async run(until: number): Promise<void> {
    for (;;) {
      // all that follows without time, first
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#due[0];
      if (next === undefined || next.at > until) break;
      this.now = next.at;
      while (this.#due[0] !== undefined && this.#due[0].at <= this.now) this.#take().run();
    }
    this.now = until;
  }

  #take() {
    const first = this.#due[0]!;
    const last = this.#due.pop()!;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#due.length) break;
      const other = this.#due[below + 1];
      if (other !== undefined && isBefore(other, this.#due[below]!)) below++;
      if (!isBefore(this.#due[below]!, last)) break;
      this.#due[place] = this.#due[below]!;
      place = below;
    }
    if (this.#due.length > 0) this.#due[place] = last;
    return first;
  }
}

function isBefore(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at < b.at || a.at === b.at && a.order < b.order;
}

/** Cores that work is done on in the order in which it comes. */
export class Cores {
  readonly #time: VirtualTime;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(time: VirtualTime, count: number) {
    this.#time = time;
    this.#free = count;
  }

  /** Resolves when that many milliseconds of work are done. */
  async work(ms: number): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await this.#time.sleep(ms);
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
