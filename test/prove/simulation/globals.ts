import { createRandom } from "./random.ts";
import { startTimer, theWorld, thisProcess, wallTime } from "./world.ts";

/** Where chance comes from outside of any process. */
const elsewhere = createRandom(1);

function nextNumber(): number {
  return (thisProcess()?.random ?? elsewhere).next();
}

/** Bytes of the process' own chance. */
export function fillRandomly<T extends ArrayBufferView | null>(view: T): T {
  if (view === null) return view;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let place = 0; place < bytes.length; place++) bytes[place] = nextNumber() >>> 24;
  return view;
}

/** Gives this process of the machine simulated time and chance in place of the machine's own. */
export function replaceGlobals(): void {
  const RealDate = Date;
  class SimulatedDate extends RealDate {
    constructor(...parts: unknown[]) {
      // what Date is made of is what it is given, or the time of the process
      super(...(parts.length === 0 ? [Math.floor(wallTime())] : parts) as [number]);
    }
    static override now(): number {
      return Math.floor(wallTime());
    }
  }
  const timer = (run: () => void, ms = 0, everyMs?: number) => {
    const started = startTimer(run, ms, everyMs);
    return Object.assign(started, { ref: () => started, unref: () => started });
  };
  const clear = (started?: { isCleared: boolean }) => {
    if (started !== undefined && started !== null) started.isCleared = true;
  };
  // when a collector runs is the machine's doing: here it never does
  class StrongRef<T> {
    readonly #target: T;
    constructor(target: T) {
      this.#target = target;
    }
    deref(): T {
      return this.#target;
    }
  }
  const simulated = {
    Date: SimulatedDate,
    WeakRef: StrongRef,
    setTimeout: (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
      timer(() => run(...args), ms),
    setInterval: (run: () => void, ms = 0) => timer(run, ms, ms),
    clearTimeout: clear,
    clearInterval: clear,
  };
  Object.assign(globalThis, simulated);
  performance.now = () => theWorld().now * (thisProcess()?.host.rate ?? 1);
  Math.random = () => nextNumber() / 2 ** 32;
  crypto.getRandomValues = fillRandomly as typeof crypto.getRandomValues;
  crypto.randomUUID = () => {
    const hex = Array.from(
      fillRandomly(new Uint8Array(16)),
      (byte) => byte.toString(16).padStart(2, "0"),
    ).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${
      hex.slice(20)
    }`;
  };
  AbortSignal.timeout = (ms: number) => {
    const controller = new AbortController();
    timer(() => controller.abort(new DOMException("timed out", "TimeoutError")), ms);
    return controller.signal;
  };
}
