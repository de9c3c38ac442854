import { AsyncLocalStorage } from "node:async_hooks";
import { createRandom, hashOf, type Random } from "./random.ts";

/** Where processes run: a machine with a clock of its own, and a disk. */
export class Host {
  readonly name: string;
  /** How far its wall clock is ahead of the true time, in milliseconds. */
  offsetMs = 0;
  /** How fast its clocks go; 1 is right. */
  rate = 1;
  /** What others reach it by, where several hosts share it. */
  address = "";
  /** What its disk holds, once there is one. */
  disk: unknown;

  constructor(name: string) {
    this.name = name;
  }
}

/** A process on a host. What it awaits never comes once it was killed. */
export class Process {
  readonly name: string;
  readonly host: Host;
  readonly random: Random;
  isAlive = true;
  /** Until when it is stopped (SIGSTOP), in true time. */
  stoppedUntil = 0;
  /** How often each kind of thing was awaited. */
  readonly awaited = new Map<string, number>();

  constructor(name: string, host: Host, random: Random) {
    this.name = name;
    this.host = host;
    this.random = random;
  }
}

interface Due {
  at: number;
  order: number;
  process: Process | undefined;
  run(): void;
}

/** Kinds of fault; the counts of a run are printed by them. */
export type Fault =
  | "kill"
  | "power cut"
  | "stop"
  | "delay"
  | "no answer"
  | "answer cut"
  | "answer lost"
  | "503"
  | "SIGSTOP"
  | "SIGTERM"
  | "request repeated"
  | "proxy closes"
  | "proxy half-closes"
  | "partition"
  | "clock step"
  | "clock drift"
  | "torn write"
  | "lost write"
  | "ENOSPC"
  | "EIO"
  | "409"
  | "429"
  | "500"
  | "504 after commit"
  | "watch dropped"
  | "watch late"
  | "410 Gone"
  | "ledger restored"
  | "wrong code";

/** How likely each fault is at a point where it may come, from 0 to 1. */
export type Likelihood = Partial<Record<Fault, number>>;

/** A timer of a process. */
interface Timer {
  isCleared: boolean;
}

/** Turns of the real event loop, taken before its functions are replaced. */
const realTurn = globalThis.setImmediate;
/**
 * Runs what waits for promises until nothing does, without a turn of the event loop: V8's own
 * function, which is there with its flag --allow-natives-syntax.
 */
const settlePromises = new Function("%PerformMicrotaskCheckpoint()") as () => void;
const running = new AsyncLocalStorage<Process>();

/**
 * A simulated world: true time, processes and what they wait for, in an order that the seed alone
 * decides.
 * Decisions hang on the seed and on the name of the place where they fall, so that one left out
 * changes
 * no other.
 */
export class World {
  readonly seed: number;
  readonly likelihood: Likelihood;
  /** Faults that are left out, by the names of their places. */
  readonly leftOut: ReadonlySet<string>;
  /** Faults that came, in their order. */
  readonly faults: { place: string; fault: Fault; at: number }[] = [];
  /** True time in milliseconds since 1970. */
  now: number;
  /** Once true nothing fails any more. */
  isHealed = false;
  /** The order in which things happened, as a number: runs of one seed must end in the same one. */
  digest = 0;
  readonly #due: Due[] = [];
  #order = 0;

  constructor(
    { seed, now, likelihood, leftOut = new Set() }: {
      seed: number;
      now: number;
      likelihood: Likelihood;
      leftOut?: ReadonlySet<string>;
    },
  ) {
    this.seed = seed;
    this.now = now;
    this.likelihood = likelihood;
    this.leftOut = leftOut;
  }

  /** A new process, `name` unlike all before. */
  start(name: string, host: Host): Process {
    return new Process(name, host, createRandom(hashOf(this.seed, name)));
  }

  /** Runs `work` as the process does. */
  as<T>(process: Process, work: () => T): T {
    return running.run(process, work);
  }

  /** Ends a process at once. */
  kill(process: Process): void {
    process.isAlive = false;
  }

  /** A number from 0 to 1 that hangs on the seed and the name alone. */
  draw(place: string): number {
    return hashOf(this.seed, place) / 2 ** 32;
  }

  /** True if that fault is to come at that place; then it is counted. */
  strikes(fault: Fault, place: string, factor = 1): boolean {
    if (this.isHealed) return false;
    const likelihood = (this.likelihood[fault] ?? 0) * factor;
    if (likelihood === 0 || this.draw(`${fault} at ${place}`) >= likelihood) return false;
    return this.inject(fault, place);
  }

  /** Counts a fault; false if it is left out. */
  inject(fault: Fault, place: string): boolean {
    if (this.isHealed || this.leftOut.has(`${fault} at ${place}`)) return false;
    this.faults.push({ place, fault, at: this.now });
    return true;
  }

  /**
   * Has `run` called later, unless its process was killed by then; later still where it is
   * stopped.
   */
  schedule(afterMs: number, process: Process | undefined, run: () => void): void {
    this.#push({ at: this.now + Math.max(0, afterMs), order: this.#order++, process, run });
  }

  /** Goes on until the true time `until`, or `isDone` says so. */
  run(until: number, isDone: () => boolean = () => false): Promise<void> {
    // promises can be settled at once only where none is being settled
    return new Promise((resolve, reject) =>
      realTurn(() => {
        try {
          this.#runAll(until, isDone);
          resolve();
        } catch (error) {
          reject(error);
        }
      })
    );
  }

  #runAll(until: number, isDone: () => boolean): void {
    for (;;) {
      settlePromises();
      if (isDone()) return;
      const next = this.#pop(until);
      if (next === undefined) {
        this.now = Math.max(this.now, until);
        return;
      }
      this.now = Math.max(this.now, next.at);
      const { process } = next;
      if (process === undefined) {
        next.run();
        continue;
      }
      if (!process.isAlive) continue;
      if (process.stoppedUntil > this.now) {
        this.#push({ ...next, at: process.stoppedUntil });
        continue;
      }
      this.digest = Math.imul(this.digest ^ (next.at * 1000), 0x01000193) >>> 0;
      this.as(process, next.run);
    }
  }

  #push(due: Due): void {
    const heap = this.#due;
    heap.push(due);
    for (let place = heap.length - 1; place > 0;) {
      const parent = (place - 1) >> 1;
      if (!isBefore(heap[place]!, heap[parent]!)) break;
      [heap[place], heap[parent]] = [heap[parent]!, heap[place]!];
      place = parent;
    }
  }

  #pop(until: number): Due | undefined {
    const heap = this.#due;
    const [first] = heap;
    if (first === undefined || first.at > until) return undefined;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    heap[0] = last;
    for (let place = 0;;) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === place) return first;
      [heap[place], heap[least]] = [heap[least]!, heap[place]!];
      place = least;
    }
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.at < other.at || one.at === other.at && one.order < other.order;
}

let world: World | undefined;

/** The world that is simulated now. */
export function theWorld(): World {
  if (world === undefined) throw new Error("nothing is simulated");
  return world;
}

/** Makes it the one that is simulated. */
export function enter(next: World): void {
  world = next;
}

/** The process whose code runs now, if any. */
export function thisProcess(): Process | undefined {
  return running.getStore();
}

/** A name for this moment of this process: what it does, and how many times it did before. */
export function placeOf(what: string, process = thisProcess()!): string {
  const count = (process.awaited.get(what) ?? 0) + 1;
  process.awaited.set(what, count);
  return `${process.name} ${what} ${count}`;
}

/** What a process does at one point of its code that takes time and may go wrong. */
export interface Action<T> {
  /** Shortest and longest time it usually takes, in milliseconds. */
  takesMs: [number, number];
  /** Does it; throws what goes wrong. */
  act(place: string): T;
  /** How much likelier than elsewhere the process is killed here; 1 by default. */
  risk?: number;
  /** True where it is done though the process ends meanwhile: a request on its way. */
  isRemote?: boolean;
}

const never = new Promise<never>(() => {});

/** Awaits an action: the process may be killed before and after it, be stopped, or wait long. */
export function awaitAction<T>(
  what: string,
  { takesMs, act, isRemote, risk = 1 }: Action<T>,
): Promise<T> {
  const now = theWorld();
  const process = thisProcess();
  if (process === undefined) return new Promise((resolve) => resolve(act(what)));
  if (!process.isAlive) return never;
  const place = placeOf(what, process);
  if (now.strikes("kill", `${place}, before`, risk / 2)) return end(process);
  if (now.strikes("stop", place)) process.stoppedUntil = now.now + 500 + 20_000 * now.draw(place);
  let ms = takesMs[0] + (takesMs[1] - takesMs[0]) * now.draw(`${place} takes`);
  if (now.strikes("delay", place)) ms += 10 ** (1 + 3 * now.draw(`${place} is late`));
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  now.schedule(ms / 2, isRemote ? undefined : process, () => {
    let settle: () => void;
    try {
      const result = act(place);
      settle = () => resolve(result);
    } catch (error) {
      settle = () => reject(error);
    }
    if (process.isAlive && now.strikes("kill", `${place}, after`, risk / 2)) {
      return void end(process);
    }
    now.schedule(ms / 2, process, settle);
  });
  return promise;
}

/** Told of processes that faults have killed. */
export const onKilled: { tell: (process: Process) => void } = { tell: () => {} };

function end(process: Process): Promise<never> {
  theWorld().kill(process);
  onKilled.tell(process);
  return never;
}

/** A timer of the process, by its own clock. */
export function startTimer(run: () => void, ms: number, everyMs?: number): Timer {
  const now = theWorld();
  const process = thisProcess();
  const timer: Timer = { isCleared: false };
  const rate = process?.host.rate ?? 1;
  const fire = () => {
    if (timer.isCleared) return;
    if (everyMs === undefined) timer.isCleared = true;
    else now.schedule(everyMs / rate, process, fire);
    run();
  };
  if (process?.isAlive !== false) now.schedule(Math.max(0, ms) / rate, process, fire);
  return timer;
}

/** What the wall clock of the process shows. */
export function wallTime(): number {
  const { now } = theWorld();
  const host = thisProcess()?.host;
  return host === undefined ? now : now * 1 + host.offsetMs;
}
