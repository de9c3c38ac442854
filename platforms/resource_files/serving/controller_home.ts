import type { ControllerClock } from "../../../src/controller/controller_clock.ts";
import {
  type Change,
  changeKey,
  type ControllerHome,
  type ControllerNamespace,
} from "../../../src/controller/home.ts";
import type { Resource } from "../../../src/resources/kinds.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { sweepLeftovers } from "./leftover_sweep.ts";
import { listNamespaces } from "../namespaces.ts";
import { namespacesFolder } from "../paths.ts";
import { sweepFormerSites } from "./state_sweep.ts";
import { watchFolders } from "../store/watch_files.ts";

/** What a data home needs to be served. */
export interface HomeSetup {
  home: string;
  open(namespace: string): Promise<ControllerNamespace>;
  clock: Pick<ControllerClock, "readings" | "settled">;
  /** Called with what keeps changes from being seen. The home tries again. */
  onProblem(problem: unknown): void;
}

/** The kinds that the controller looks after. */
const watchedKinds = ["Site", "AccessGrant", "AccessToken"] as const;

/** How often everything is named again, changed or not. */
const everythingEveryMs = 60_000;

/** How often it is looked for the state of sites that are gone, and for what the killed left. */
const sweepEveryMs = 3_600_000;

/** How long what could not be watched is left alone. */
const retryAfterMs = 2000;

/** A data home as the controller sees it: every namespace in it, those to come included. */
export function controllerHome(setup: HomeSetup): ControllerHome {
  return {
    changes: (signal) => changesOf(setup, signal),
    namespaces: () => listNamespaces(setup.home),
    open: setup.open,
  };
}

async function* changesOf(setup: HomeSetup, signal: AbortSignal): AsyncGenerator<Change> {
  const ended = new AbortController();
  const changed = new Map<string, Change>();
  let wake = () => {};
  const watch = new HomeWatch(setup, AbortSignal.any([signal, ended.signal]), (change) => {
    changed.set(changeKey(change), change);
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);
  const watching = watch.run();
  const everything = setInterval(() => watch.nameEverything(), everythingEveryMs);
  const sweep = async () => {
    const { clock } = setup;
    const now = () => Math.min(...clock.readings());
    const settled = () => clock.settled();
    await sweepFormerSites(setup.home, settled).catch(setup.onProblem);
    await sweepLeftovers(setup.home, { now, settled }).catch(setup.onProblem);
  };
  const sweeping = setInterval(sweep, sweepEveryMs);
  const swept = sweep();
  try {
    while (!signal.aborted) {
      const [first] = changed;
      if (first === undefined) {
        await new Promise<void>((resolve) => wake = resolve);
      } else {
        changed.delete(first[0]);
        yield first[1];
      }
    }
  } finally {
    clearInterval(everything);
    clearInterval(sweeping);
    await swept;
    signal.removeEventListener("abort", onAbort);
    ended.abort();
    await watching;
  }
}

/** Follows the namespaces that come and go, and the resources in each. */
class HomeWatch {
  readonly #setup: HomeSetup;
  readonly #signal: AbortSignal;
  readonly #emit: (change: Change) => void;
  readonly #namespaces = new Map<string, NamespaceWatch>();

  constructor(setup: HomeSetup, signal: AbortSignal, emit: (change: Change) => void) {
    this.#setup = setup;
    this.#signal = signal;
    this.#emit = emit;
  }

  async run(): Promise<void> {
    await untilAborted(this.#signal, this.#setup.onProblem, async () => {
      const folders = () => Promise.resolve([namespacesFolder(this.#setup.home)]);
      for await (const _ of watchFolders(folders, this.#signal)) {
        await this.#follow(await listNamespaces(this.#setup.home));
      }
    });
    await Promise.all([...this.#namespaces.values()].map((namespace) => namespace.end()));
  }

  nameEverything(): void {
    for (const namespace of this.#namespaces.values()) namespace.nameEverything();
  }

  async #follow(present: string[]): Promise<void> {
    for (const [name, namespace] of this.#namespaces) {
      if (present.includes(name)) continue;
      this.#namespaces.delete(name);
      await namespace.end();
      namespace.nameEverything();
    }
    for (const name of present) {
      if (this.#namespaces.has(name)) continue;
      this.#namespaces.set(name, new NamespaceWatch(name, this.#setup, this.#signal, this.#emit));
    }
  }
}

/** Names what changes in one namespace, from its making until it is ended. */
class NamespaceWatch {
  readonly #emit: (change: Change) => void;
  readonly #ended = new AbortController();
  readonly #watching: Promise<unknown>;
  /** The resources there are, with what they looked like when they were named last. */
  readonly #known = new Map<string, { change: Change; looks: string }>();

  constructor(
    namespace: string,
    setup: HomeSetup,
    signal: AbortSignal,
    emit: (change: Change) => void,
  ) {
    this.#emit = emit;
    const either = AbortSignal.any([signal, this.#ended.signal]);
    this.#watching = Promise.all(
      watchedKinds.map((kind) =>
        untilAborted(either, setup.onProblem, async () => {
          const { platform } = await setup.open(namespace);
          for await (const list of platform.watch(kind, either)) {
            this.#compare(kind, namespace, list);
          }
        })
      ),
    );
  }

  nameEverything(): void {
    for (const { change } of this.#known.values()) this.#emit(change);
  }

  async end(): Promise<void> {
    this.#ended.abort();
    await this.#watching;
  }

  #compare(kind: Change["kind"], namespace: string, list: Resource[]): void {
    const gone = new Set([...this.#known.keys()].filter((key) => key.startsWith(`${kind}/`)));
    for (const resource of list) {
      const { name } = resource.metadata;
      const key = `${kind}/${name}`;
      gone.delete(key);
      const looks = looksOf(resource);
      if (this.#known.get(key)?.looks === looks) continue;
      const change = { kind, namespace, name };
      this.#known.set(key, { change, looks });
      this.#emit(change);
    }
    for (const key of gone) {
      this.#emit(this.#known.get(key)!.change);
      this.#known.delete(key);
    }
  }
}

/** All that makes a resource worth another look: not the status where the controller writes it. */
function looksOf(resource: Resource): string {
  if (resource.kind === "Site") return JSON.stringify(resource);
  const { resourceVersion: _, ...metadata } = resource.metadata;
  return JSON.stringify({ ...resource, metadata, status: undefined });
}

/**
 * Runs `watch` again and again until the signal aborts: it may fail, and may end before its time.
 */
async function untilAborted(
  signal: AbortSignal,
  onProblem: (problem: unknown) => void,
  watch: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await watch();
    } catch (problem) {
      if (!signal.aborted) onProblem(problem);
    }
    await sleep(retryAfterMs, signal).catch(() => {});
  }
}
