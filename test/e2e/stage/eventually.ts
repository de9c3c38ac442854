import assert from "node:assert/strict";

/** Long enough for the slowest machine: it only bounds how long a failing test takes. */
const limitMs = 180_000;

/**
 * Looks again and again until what is awaited is true; fails with `describe()` when it never is.
 */
export async function eventually(
  holds: () => unknown,
  describe: () => string = () => "what was awaited did not happen",
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!await holds()) {
    if (performance.now() > end) assert.fail(describe());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
