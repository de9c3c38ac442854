import { isAppError } from "../errors/app_error.ts";
import { type Audit, auditTo } from "../grant_service/audit.ts";
import { GrantBook } from "../grant_service/grant_book.ts";
import type { IdentityStore } from "../grant_service/service_identity.ts";
import { abortable, untilAborted, within } from "../runtime/abortable.ts";
import { sleep } from "../runtime/clock.ts";
import { type Announce, announcementOf } from "./announcement.ts";
import { ControllerClock, observeEveryMs } from "./controller_clock.ts";
import { GrantAddresses, type HostChoice } from "./grant_addresses.ts";
import { startGrantListener } from "./grant_listener.ts";
import type { Change, ControllerHome } from "./home.ts";
import { loadGrants } from "./load_grants.ts";
import { errorFields, type Report, reportTo } from "./log.ts";
import { type Outcome, WorkQueue } from "./queue.ts";
import { reconcileGrant } from "./reconcile_grant.ts";
import { reconcileToken } from "./reconcile_token.ts";

/** What a controller is run with. */
export interface ControllerSetup {
  home: ControllerHome;
  /** The name of this controller among several that serve the same home; undefined: it is alone. */
  replica?: string;
  /** Where the grant service keeps its certificate authority and certificate. */
  identities: IdentityStore;
  /** The ports to listen on, in order of preference. */
  ports: readonly number[];
  hosts: HostChoice;
  /** Addresses and networks of proxies that announce clients by the PROXY protocol. */
  proxies?: readonly string[];
  /** Where /healthz, /readyz and /metrics answer; any free port of loopback by default. */
  operations?: { host: string; port: number };
  /**
   * How long the controller serves on when it is asked to stop, in milliseconds, until all clients
   * know.
   */
  lingerMs?: number;
  /** How long what is in flight may take then, in milliseconds; 20 seconds by default. */
  finishMs?: number;
  /** For the proxy settings of outgoing requests. */
  env: Record<string, string | undefined>;
  /** Takes one line of JSON per event. */
  log(line: string): void;
  /** Called with the outcomes that belong to a resource. */
  announce?: Announce;
  /** Called when it listens, before anything is reconciled. */
  listening(address: ListeningAddress): Promise<void>;
  /** The machine's alone by default. */
  clock?: ControllerClock;
  /** Told what looks wrong with the clocks, and with undefined that nothing does any more. */
  clockJudged?(problem: string | undefined): Promise<void>;
}

/** Where a controller answers. */
export interface ListeningAddress {
  grantPort: number;
  /** Base of the grants' urls where no namespace asks for another host. */
  grantUrl: string;
  operationsUrl: string;
}

/**
 * How many grants are looked at beside each other, and how many tokens: those wait for servers. One
 * namespace has half of it at most.
 */
const grantsAtOnce = 64;
const tokensAtOnce = 256;

/** A popular grant's status follows its ledger at this distance, not use by use. */
const mirrorAfterMs = 200;

/** How often ledgers are swept. */
const sweepEveryMs = 3_600_000;

/** How often the certificate is checked: it may be due, or renewed by another replica. */
const renewEveryMs = 60_000;

/** The longest time between two tries of a token: upstream's controller takes as long. */
const longestTokenBackOffMs = 30_000;

const standardFinishMs = 20_000;

/** How long what is still in flight then may take to end; it is left behind after that. */
const endWithinMs = 2000;

/**
 * Serves and reconciles the grants and tokens of a home until the signal aborts. Then it takes no
 * more, finishes what is in flight, and returns. Throws `port-in-use`, and what ends the home's
 * changes.
 */
export async function runController(setup: ControllerSetup, signal: AbortSignal): Promise<void> {
  const { home, announce, finishMs = standardFinishMs, clock = new ControllerClock() } = setup;
  const { now, steady } = clock;
  const settled = () => clock.settled();
  const report = reportTo(setup.log, now);
  const isAlone = setup.replica === undefined;
  const record = auditTo(setup.log, now);
  const audit: Audit = (event) => {
    record(event);
    const announcement = announcementOf(event);
    if (announcement !== undefined) announce?.(announcement);
  };
  const work = new AbortController();
  const addresses = new GrantAddresses(setup.identities, setup.hosts, () => clock.readings());
  const book: GrantBook = new GrantBook({
    now,
    steady,
    settled,
    ...(setup.replica === undefined ? {} : { service: setup.replica }),
    onChanged({ namespace, name }) {
      const change = { kind: "AccessGrant", namespace, name } as const;
      behind.set(keyOf(change), change);
      add(change, mirrorAfterMs);
    },
  });
  /** Grants whose status says less than their ledger. */
  const behind = new Map<string, Change>();
  const queueOptions = {
    keyOf,
    shareOf: ({ namespace }: Change) => namespace,
    failed: (...failure: Failure) => reportFailure(report, ...failure),
  };
  const grants = new WorkQueue<Change>({
    ...queueOptions,
    limit: grantsAtOnce,
    work: (change) => change.kind === "Site" ? requeue(change.namespace) : lookAtGrant(change),
  });
  const busy = new Set<string>();
  const tokens = new WorkQueue<Change>({
    ...queueOptions,
    limit: tokensAtOnce,
    longestBackOffMs: longestTokenBackOffMs,
    work: (change) =>
      reconcileToken(change, { home, report, announce, busy, env: setup.env, now }, work.signal),
  });

  function add(change: Change, afterMs?: number): void {
    (change.kind === "AccessToken" ? tokens : grants).add(change, afterMs);
  }

  async function lookAtGrant(change: Change): Promise<Outcome> {
    const wasBehind = behind.delete(keyOf(change)); // first: a use may be spent meanwhile
    const tools = { home, book, addresses, audit, announce, isAlone, now, settled };
    try {
      return await reconcileGrant(change, tools, work.signal);
    } catch (error) {
      if (wasBehind) behind.set(keyOf(change), change);
      throw error;
    }
  }

  /** Writes the statuses a last time: nobody does it until the next start. */
  async function catchUp(): Promise<void> {
    for (const change of [...behind.values()]) {
      await lookAtGrant(change).catch((error) => reportFailure(report, change, error, 1));
    }
  }

  /** Takes no more, and finishes what is in flight. */
  async function finish(): Promise<void> {
    await Promise.all([listener.stop(), grants.stop(), tokens.stop()]);
    await catchUp();
    await book.close().catch((error) => report("ledger-failed", errorFields(error)));
  }

  /** Has all of a namespace looked at: they may have waited for its site. */
  async function requeue(namespace: string): Promise<Outcome> {
    const { platform } = await home.open(namespace);
    for (const kind of ["AccessGrant", "AccessToken"] as const) {
      for (const { metadata } of await platform.list(kind, work.signal)) {
        add({ kind, namespace, name: metadata.name });
      }
    }
    return {};
  }

  async function sweep(): Promise<void> {
    for (const namespace of await home.namespaces(work.signal)) {
      try {
        await book.sweep((await home.open(namespace)).backing);
      } catch (error) {
        report("housekeeping-failed", { namespace, ...errorFields(error) });
      }
    }
  }

  /** Looks at the clocks, and tells what has changed in how they look. */
  async function observe(): Promise<void> {
    const before = clock.problem;
    await clock.observe();
    const { problem } = clock;
    if (problem === before) return;
    if (problem === undefined) report("clock-right");
    else report("clock-wrong", { problem });
    await setup.clockJudged?.(problem);
  }

  async function renew(): Promise<void> {
    if (!await addresses.renew()) return;
    for (const namespace of await home.namespaces(work.signal)) await requeue(namespace);
  }

  /** Does a piece of housekeeping again and again; one that failed is due again like any other. */
  function repeat(chore: () => Promise<void>, everyMs: number) {
    return setInterval(
      () => chore().catch((error) => report("housekeeping-failed", errorFields(error))),
      everyMs,
    );
  }

  /** Takes in what is to be served; false if it is asked to stop meanwhile. */
  async function prepare(): Promise<boolean> {
    try {
      await abortable(observe(), signal).catch((error) => {
        signal.throwIfAborted();
        report("housekeeping-failed", errorFields(error));
      });
      await abortable(addresses.identity(), signal);
      await abortable(loadGrants(home, book, addresses, report, work.signal), signal);
      return true;
    } catch (error) {
      if (!signal.aborted) throw error;
      work.abort(new Error("stopped"));
      return false;
    }
  }

  let isWorking = false;
  if (!await prepare() || signal.aborted) return;
  const listener = await startGrantListener({
    book,
    addresses,
    ports: setup.ports,
    proxies: setup.proxies ?? [],
    operations: setup.operations,
    clock,
    audit,
    report,
    whyNotReady: () => isWorking ? undefined : "the controller is starting or stopping",
  });
  const chores = [
    repeat(observe, observeEveryMs),
    repeat(renew, renewEveryMs),
    repeat(sweep, sweepEveryMs),
  ];
  try {
    const { operationsUrl } = listener;
    const address = { grantPort: listener.port, grantUrl: await addresses.usual(), operationsUrl };
    await setup.listening(address);
    report("listening", { ...address });
    isWorking = true;
    for await (const change of untilAborted(home.changes(signal), signal)) add(change);
  } finally {
    isWorking = false;
    report("stopping");
    chores.forEach(clearInterval);
    if (setup.lingerMs !== undefined) await sleep(setup.lingerMs);
    const limit = setTimeout(() => work.abort(new Error("stopped")), finishMs);
    const left = () => new Error("what was in flight did not end in time");
    await within(finishMs + endWithinMs, left, finish, new AbortController().signal)
      .catch((error) => report("left-unfinished", errorFields(error)));
    clearTimeout(limit);
    report("stopped");
  }
}

function keyOf({ kind, namespace, name }: Change): string {
  return `${kind}/${namespace}/${name}`;
}

type Failure = [change: Change, error: unknown, failures: number];

/** Each doubling of failures in a row is told: enough to see them, and not to drown in them. */
function reportFailure(report: Report, ...[change, error, failures]: Failure): void {
  const isExpected = isAppError(error, "conflict");
  if (isExpected || !Number.isInteger(Math.log2(failures))) return;
  report("reconcile-failed", { ...change, failures, ...errorFields(error) });
}
