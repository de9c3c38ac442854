/**
 * What the signal and time limits end whatever is awaited by. All that goes to a network or to a
 * program is awaited through these (test/architecture_test.ts).
 */

/**
 * The promise's result, or at once the signal's reason when it aborts; the promise is left to
 * itself then.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {}); // it may fail once nobody waits any more
  return awaitEvents(signal, (resolve, reject) => {
    promise.then(resolve, reject);
    return () => {};
  });
}

/** The promise's result, or the signal's reason if it has not settled `graceMs` after its abort. */
export function abortableAfter<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  graceMs: number,
): Promise<T> {
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => timer = setTimeout(() => ended.abort(signal.reason), graceMs);
  if (signal.aborted) wait();
  else signal.addEventListener("abort", wait, { once: true });
  return abortable(promise, ended.signal).finally(() => {
    signal.removeEventListener("abort", wait);
    clearTimeout(timer);
  });
}

/** The values as they come, and their end once the signal aborts, wherever they come from. */
export async function* untilAborted<T>(
  values: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = values[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await abortable(iterator.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    iterator.return?.().catch(() => {}); // not awaited: it may hang
  }
}

/**
 * Gives the outcome of events, or rejects with the signal's reason as soon as it aborts. `begin`
 * listens to the events and gives the function that stops listening. That is called once, however
 * the wait ends.
 */
export function awaitEvents<T>(
  signal: AbortSignal,
  begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let end: (() => void) | undefined;
    let isOver = false;
    function finish() {
      isOver = true;
      signal.removeEventListener("abort", stop);
      end?.();
      end = undefined;
    }
    function stop() {
      finish();
      reject(signal.reason);
    }
    signal.addEventListener("abort", stop, { once: true });
    end = begin((value) => {
      finish();
      resolve(value);
    }, (reason) => {
      finish();
      reject(reason);
    });
    if (isOver) finish(); // it was over before there was anything to end
  });
}

/** Awaits `run`, whose signal also aborts with `late()` after `limitMs` milliseconds. */
export async function within<T>(
  limitMs: number,
  late: () => Error,
  run: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  // each request to a cluster goes through here, and AbortSignal.any takes longer
  const bounded = new AbortController();
  const stop = () => bounded.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(() => bounded.abort(late()), limitMs);
  try {
    return await abortable(run(bounded.signal), bounded.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
