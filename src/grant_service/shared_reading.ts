/**
 * Lets those who ask while a reading is under way share the next one: what each gets was read after
 * it asked, and however many ask, there are never more than two readings.
 */
export class SharedReading<T> {
  readonly #read: () => Promise<T>;
  #running: Promise<unknown> | undefined;
  #next: Promise<T> | undefined;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** Throws what the reading throws. */
  get(): Promise<T> {
    return this.#next ??= this.#begin();
  }

  async #begin(): Promise<T> {
    // a failure is told to those who shared that reading
    await this.#running?.catch(() => {});
    this.#running = this.#next;
    this.#next = undefined;
    return await this.#read();
  }
}
