/** What came of a change of a link in the router that runs. */
export interface LiveChange {
  /** True if the router has it. */
  done: boolean;
  /** A restart of the router takes it back until this command was run. */
  until?: string;
  /** False where there is no router to have it. */
  running?: boolean;
  /** Why a router that runs does not have it. */
  why?: string;
  /** The command that gives it to the router. */
  command?: string;
}

export interface LiveLinks {
  /** Has the router that runs make the link as it is stored. */
  apply(name: string, signal: AbortSignal): Promise<LiveChange>;
  /** Has the router that runs end a link that is no longer stored. */
  drop(name: string, signal: AbortSignal): Promise<LiveChange>;
  /** Has the router start anew with what is stored. Throws `reload-failed`. */
  reload(signal: AbortSignal): Promise<void>;
}

/** Who carries a change out: the signal that ends it, and where to say what is left to do. */
interface Carrier {
  signal: AbortSignal;
  progress(text: string): void;
  note(text: string): void;
}

/**
 * Makes a change in the router that runs, after it was stored, and says what is left to do. With
 * `reload` the router is started anew with what is stored, whatever it took before. Undefined where
 * the platform has no routers to change. `meaning` says what a restart of the router would do to
 * the change. Throws `reload-failed`.
 */
export async function changeLive(
  live: LiveLinks | undefined,
  work: (live: LiveLinks) => Promise<LiveChange>,
  { meaning, reload }: { meaning: string; reload: boolean },
  carrier: Carrier,
): Promise<LiveChange | undefined> {
  if (live === undefined) return undefined;
  const change = await work(live);
  if (!reload) {
    const note = describeChange(change, meaning);
    if (note !== undefined) carrier.note(note);
    return change;
  }
  carrier.progress("Reloading...");
  await live.reload(carrier.signal);
  return { done: true };
}

/** True where a router runs that does not have a change. */
export function isPending(change: LiveChange | undefined): boolean {
  return change !== undefined && !change.done && change.running === true;
}

function describeChange(change: LiveChange, meaning: string): string | undefined {
  const { done, until, command, why } = change;
  if (done) {
    return until === undefined
      ? undefined
      : `A restart of the router ${meaning} until this was run: ${until}`;
  }
  return isPending(change) ? `The router does not have it yet (${why}): ${command}` : undefined;
}
