import { isAppError } from "../errors/app_error.ts";
import { auditTo } from "../grant_service/audit.ts";
import { GrantBook } from "../grant_service/grant_book.ts";
import type { IdentityStore } from "../grant_service/service_identity.ts";
import type { Now } from "../runtime/clock.ts";
import { GrantAddresses, type HostChoice } from "./grant_addresses.ts";
import { startGrantListener } from "./grant_listener.ts";
import type { Change, ControllerHome } from "./home.ts";
import { errorFields, type Report, reportTo } from "./log.ts";
import { type Outcome, WorkQueue } from "./queue.ts";
import { reconcileGrant } from "./reconcile_grant.ts";
import { reconcileToken } from "./reconcile_token.ts";

/** What a controller is run with. */
export interface ControllerSetup {
  home: ControllerHome;
  /** Where the grant service keeps its certificate authority and certificate. */
  identities: IdentityStore;
  /** The ports to listen on, in order of preference. */
  ports: readonly number[];
  hosts: HostChoice;
  /** For the proxy settings of outgoing requests. */
  env: Record<string, string | undefined>;
  /** Takes one line of JSON per event. */
  log(line: string): void;
  /** Called when it listens, before anything is reconciled. */
  listening(address: ListeningAddress): Promise<void>;
  now?: Now;
}

/** Where a controller answers. */
export interface ListeningAddress {
  grantPort: number;
  /** Base of the grants' urls where no namespace asks for another host. */
  grantUrl: string;
  operationsUrl: string;
}

/** How many grants are looked at beside each other, and how many tokens: those wait for servers. */
const grantsAtOnce = 8;
const tokensAtOnce = 64;

/** A popular grant's status follows its ledger at this distance, not use by use. */
const mirrorAfterMs = 50;

/** How often ledgers are swept and certificates looked at. */
const housekeepingEveryMs = 3_600_000;

/** How long what is in flight may take once the controller is asked to stop. */
const finishWithinMs = 30_000;

/**
 * Serves and reconciles the grants and tokens of a home until the signal aborts; then takes no more,
 * finishes what is in flight and returns. Throws `port-in-use`, and what ends the home's changes.
 */
export async function runController(setup: ControllerSetup, signal: AbortSignal): Promise<void> {
  const { home, now = Date.now } = setup;
  const report = reportTo(setup.log, now);
  const audit = auditTo(setup.log, now);
  const work = new AbortController();
  const addresses = new GrantAddresses(setup.identities, setup.hosts, now);
  const book: GrantBook = new GrantBook({
    now,
    onChanged: ({ namespace, name }) =>
      add({ kind: "AccessGrant", namespace, name }, mirrorAfterMs),
  });
  const queueOptions = {
    keyOf,
    failed: (...failure: Failure) => reportFailure(report, ...failure),
  };
  const grants = new WorkQueue<Change>({
    ...queueOptions,
    limit: grantsAtOnce,
    work: (change) =>
      change.kind === "Site"
        ? requeue(change.namespace)
        : reconcileGrant(change, { home, book, addresses, audit, now }, work.signal),
  });
  const tokens = new WorkQueue<Change>({
    ...queueOptions,
    limit: tokensAtOnce,
    work: (change) => reconcileToken(change, { home, report, env: setup.env, now }, work.signal),
  });

  function add(change: Change, afterMs?: number): void {
    (change.kind === "AccessToken" ? tokens : grants).add(change, afterMs);
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

  async function keepHouse(): Promise<void> {
    const isNewAuthority = await addresses.renew();
    for (const namespace of await home.namespaces(work.signal)) {
      await book.sweep((await home.open(namespace)).backing);
      if (isNewAuthority) await requeue(namespace);
    }
  }

  let isWorking = false;
  await loadGrants(home, book, addresses, report, work.signal);
  if (signal.aborted) return;
  const listener = await startGrantListener({
    book,
    addresses,
    ports: setup.ports,
    audit,
    report,
    whyNotReady: () => isWorking ? undefined : "the controller is starting or stopping",
  });
  const housekeeping = setInterval(
    () => keepHouse().catch((error) => report("housekeeping-failed", errorFields(error))),
    housekeepingEveryMs,
  );
  try {
    const { operationsUrl } = listener;
    const address = { grantPort: listener.port, grantUrl: await addresses.usual(), operationsUrl };
    await setup.listening(address);
    report("listening", { ...address });
    isWorking = true;
    for await (const change of home.changes(signal)) add(change);
  } finally {
    isWorking = false;
    report("stopping");
    clearInterval(housekeeping);
    const limit = setTimeout(() => work.abort(new Error("stopped")), finishWithinMs);
    await listener.stop();
    await Promise.all([grants.stop(), tokens.stop()]);
    await book.close().catch((error) => report("ledger-failed", errorFields(error)));
    clearTimeout(limit);
    report("stopped");
  }
}

/**
 * Takes in every grant before the first request comes: to a client, a grant that is not known yet
 * looks like one that is gone.
 */
async function loadGrants(
  home: ControllerHome,
  book: GrantBook,
  addresses: GrantAddresses,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  for (const namespace of await home.namespaces(signal)) {
    try {
      const { platform, backing } = await home.open(namespace);
      await book.sweep(backing);
      for (const grant of await platform.list("AccessGrant", signal)) {
        await book.upsert(grant, backing);
        if (grant.status?.url !== undefined) addresses.keep(grant.status.url);
      }
    } catch (error) {
      report("namespace-unreadable", { namespace, ...errorFields(error) });
    }
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
