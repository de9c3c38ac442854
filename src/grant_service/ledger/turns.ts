/** Lets those with the same key through one at a time, in the order they came. */
export class Turns {
  readonly #tails = new Map<string, Promise<void>>();

  /**
   * Resolves when it is the caller's turn. The caller ends its turn by calling the function it
   * gets.
   */
  async take(key: string): Promise<() => void> {
    const before = this.#tails.get(key);
    let end!: () => void;
    const tail = new Promise<void>((resolve) => end = resolve);
    this.#tails.set(key, tail);
    await before;
    return () => {
      end();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    };
  }
}
