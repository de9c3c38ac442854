import { type FSWatcher, watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Writes come in bursts (create, write, rename): what follows this soon is one change. */
const settleMs = 3;

/** A change without an event is seen within this time. */
const rereadMs = 2000;

/** The names that matter in a folder; undefined: all. */
type WatchPoints = Map<string, Set<string> | undefined>;

/**
 * Ticks at once, after each change in the folders or below, and every two seconds whatever happens:
 * events may be lost, so a tick means "look", not "there is something new". The folders, among
 * which may be files, may come and go; `folders` is asked anew before each tick. Ends without error
 * when the signal aborts.
 */
export async function* watchFolders(
  folders: () => Promise<string[]>,
  signal: AbortSignal,
): AsyncGenerator<void> {
  const bell = makeBell();
  const watch = new FolderWatch(bell.ring);
  signal.addEventListener("abort", bell.ring);
  try {
    while (!signal.aborted) {
      bell.mute();
      await watch.cover(await folders());
      if (!signal.aborted) yield;
      if (!signal.aborted) await bell.rung(rereadMs);
      if (!signal.aborted) await pause(settleMs);
    }
  } finally {
    signal.removeEventListener("abort", bell.ring);
    watch.close();
  }
}

/** The watchers of the folders that exist, and of those in which the others would appear. */
class FolderWatch {
  readonly #ring: () => void;
  readonly #watchers = new Map<string, { watcher: FSWatcher; identity: string }>();
  #points: WatchPoints = new Map();

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Watches these folders and no others; one replaced by another of its name is watched anew. */
  async cover(folders: string[]): Promise<void> {
    const points: WatchPoints = new Map();
    for (const folder of folders) await addWatchPoints(folder, points);
    this.#points = points;
    for (const [path, { identity }] of this.#watchers) {
      if (!points.has(path) || await identify(path) !== identity) this.#drop(path);
    }
    for (const path of points.keys()) {
      if (!this.#watchers.has(path)) await this.#add(path);
    }
  }

  close(): void {
    for (const path of [...this.#watchers.keys()]) this.#drop(path);
  }

  async #add(path: string): Promise<void> {
    const identity = await identify(path);
    if (identity === undefined) return;
    try {
      const watcher = watch(path, (_event, name) => this.#notice(path, name));
      watcher.on("error", () => this.#drop(path));
      this.#watchers.set(path, { watcher, identity });
    } catch {
      // no more watches to be had, or the folder just went: the next look comes all the same
    }
  }

  #notice(path: string, name: string | null): void {
    const names = this.#points.get(path);
    if (name !== null && (names?.has(name) === false || name.startsWith(".hawser-"))) return;
    this.#ring();
  }

  #drop(path: string): void {
    this.#watchers.get(path)?.watcher.close();
    this.#watchers.delete(path);
  }
}

/**
 * Adds the folder and all below it; where it is none, the folder it or its parent is or will be in.
 */
async function addWatchPoints(folder: string, points: WatchPoints): Promise<void> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    points.set(folder, undefined);
    for (const entry of entries) {
      if (entry.isDirectory()) await addWatchPoints(join(folder, entry.name), points);
    }
  } catch {
    for (let path = folder; path !== dirname(path); path = dirname(path)) {
      const parent = dirname(path);
      if (await identify(parent) === undefined) continue;
      const names = points.get(parent) ?? new Set();
      if (!points.has(parent) || points.get(parent)) points.set(parent, names.add(basename(path)));
      return;
    }
  }
}

/** Tells a folder from another that has its name later; undefined if there is none. */
async function identify(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ? `${found.ino} ${found.birthtimeMs}` : undefined;
}

/** A bell that can be waited for, and remembers that it was rung. */
function makeBell() {
  let isRung = false;
  let wake = () => {};
  return {
    ring() {
      isRung = true;
      wake();
    },
    mute() {
      isRung = false;
    },
    async rung(limitMs: number): Promise<void> {
      if (isRung) return;
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        timer = setTimeout(resolve, limitMs);
      });
      clearTimeout(timer);
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
