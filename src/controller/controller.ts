import type { Audit } from "../grant_service/audit.ts";
import { AuditChain, auditTo } from "../grant_service/audit_chain.ts";
import { GrantBook } from "../grant_service/grant_book.ts";
import { abortable, untilAborted, within } from "../runtime/abortable.ts";
import { sleep } from "../runtime/clock.ts";
import { announcementOf } from "./announcement.ts";
import { ControllerClock } from "./controller_clock.ts";
import type { ControllerSetup } from "./controller_setup.ts";
import { GrantAddresses } from "./grant_addresses.ts";
import { type GrantListener, startGrantListener } from "./grant_listener.ts";
import { type Change, changeKey } from "./home.ts";
import { Housekeeping } from "./housekeeping.ts";
import { GrantLoader } from "./load_grants.ts";
import { errorFields, type Report, reportTo } from "./log.ts";
import { type Failure, reportFailure } from "./reported_failure.ts";
import { OverviewPage } from "./overview_page.ts";
import { pagePolicy } from "./overview_html.ts";
import { type Outcome, WorkQueue } from "./queue.ts";
import { noGrantsYet, reconcileGrant } from "./reconcile_grant.ts";
import { noTokensYet, reconcileToken } from "./reconcile_token.ts";
import { StatusMirror } from "./status_mirror.ts";

/**
 * How many grants are looked at beside each other, and how many tokens: those wait for servers. One
 * namespace has half of it at most.
 */
const grantsAtOnce = 64;
const tokensAtOnce = 256;

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
  await new Controller(setup).run(signal);
}

/** The controller of a home: what it serves, what is to be looked at, and how all that ends. */
class Controller {
  readonly #setup: ControllerSetup;
  readonly #clock: ControllerClock;
  readonly #report: Report;
  readonly #audit: Audit;
  readonly #addresses: GrantAddresses;
  readonly #book: GrantBook;
  readonly #loader: GrantLoader;
  readonly #grants: WorkQueue<Change>;
  readonly #tokens: WorkQueue<Change>;
  readonly #page: OverviewPage;
  readonly #housekeeping: Housekeeping;
  readonly #known = noGrantsYet();
  readonly #mirror: StatusMirror;
  /** Aborts what is in flight and has had its time. */
  readonly #work = new AbortController();
  #isWorking = false;

  constructor(setup: ControllerSetup) {
    const { home, announce, env, replica, clock = new ControllerClock() } = setup;
    const { now, steady } = clock;
    this.#setup = setup;
    this.#mirror = new StatusMirror(steady, replica !== undefined);
    this.#clock = clock;
    this.#report = reportTo(setup.log, now);
    const chain = new AuditChain(setup.trail?.head);
    const write = (line: string) => {
      setup.log(line);
      setup.trail?.write(line, chain.seq);
    };
    const record = auditTo(write, now, chain);
    this.#audit = (event) => {
      record(event);
      this.#page.note(event);
      const announcement = announcementOf(event);
      if (announcement !== undefined) announce?.(announcement);
    };
    this.#addresses = new GrantAddresses(setup.identity, setup.hosts);
    this.#book = new GrantBook({
      ...{ now, steady, settled: () => clock.settled() },
      news: { isCurrent: () => this.#loader.isComplete && (home.isCurrent?.() ?? true) },
      ...(replica === undefined ? {} : { service: replica }),
      onChanged: ({ namespace, name }) =>
        this.#countMoved({ kind: "AccessGrant", namespace, name }),
      onProblem: (problem) => this.#report("housekeeping-failed", errorFields(problem)),
    });
    const served = { book: this.#book, addresses: this.#addresses, report: this.#report };
    this.#loader = new GrantLoader({ home, ...served });
    this.#page = new OverviewPage(home, {
      clock: this.#clock,
      grantUrl: () => this.#addresses.usual(),
      certificate: setup.certificate,
      damagedLedgers: () => this.#book.damaged,
    });
    const queueOptions = {
      keyOf: changeKey,
      shareOf: ({ namespace }: Change) => namespace,
      failed: (...failure: Failure) => reportFailure(this.#report, ...failure),
    };
    this.#grants = new WorkQueue({
      ...queueOptions,
      limit: grantsAtOnce,
      work: (change) =>
        change.kind === "Site" ? this.#lookAtSite(change) : this.#lookAtGrant(change),
    });
    const tools = { ...noTokensYet(), home, report: this.#report, announce, env, now };
    this.#tokens = new WorkQueue({
      ...queueOptions,
      limit: tokensAtOnce,
      longestBackOffMs: longestTokenBackOffMs,
      work: (change) => reconcileToken(change, tools, this.#work.signal),
    });
    this.#housekeeping = new Housekeeping({
      ...{ home, clock, ...served },
      certificate: setup.certificate,
      certificateJudged: setup.certificateJudged?.bind(setup),
      clockJudged: setup.clockJudged?.bind(setup),
      add: (change) => this.#add(change),
      loader: this.#loader,
      signal: this.#work.signal,
    });
  }

  /** As `runController`; once. */
  async run(signal: AbortSignal): Promise<void> {
    if (!await this.#prepare(signal) || signal.aborted) return;
    const listener = await this.#listen();
    this.#housekeeping.start();
    try {
      const { operationsUrl, operationsPort, port } = listener;
      const grantUrl = await this.#addresses.usual();
      await this.#setup.listening({ grantPort: port, operationsPort, grantUrl, operationsUrl });
      this.#report("listening", { grantPort: port, grantUrl, operationsUrl });
      await this.#housekeeping.judgeCertificate();
      this.#isWorking = true;
      const changes = this.#setup.home.changes(signal);
      for await (const change of untilAborted(changes, signal)) {
        this.#add(change, change.isCount ? this.#mirror.distanceMs : undefined);
      }
    } finally {
      this.#isWorking = false;
      this.#report("stopping");
      this.#housekeeping.stop();
      await this.#end(listener);
      this.#report("stopped");
    }
  }

  /** Takes in what is to be served; false if it is asked to stop meanwhile. */
  async #prepare(signal: AbortSignal): Promise<boolean> {
    const loading = () => this.#loader.load(this.#work.signal);
    try {
      await abortable(this.#housekeeping.observe(), signal).catch((error) => {
        signal.throwIfAborted();
        this.#report("housekeeping-failed", errorFields(error));
      });
      await abortable(this.#addresses.identity(), signal);
      await abortable(loading(), signal);
      return true;
    } catch (error) {
      if (!signal.aborted) throw error;
      this.#work.abort(new Error("stopped"));
      return false;
    }
  }

  async #listen(): Promise<GrantListener> {
    const { ports, proxies = [], operations } = this.#setup;
    return await startGrantListener({
      ...{ ports, proxies, operations },
      book: this.#book,
      addresses: this.#addresses,
      clock: this.#clock,
      certificate: this.#setup.certificate,
      audit: this.#audit,
      report: this.#report,
      page: { policy: pagePolicy, render: () => this.#page.render(this.#work.signal) },
      whyNotReady: () => this.#isWorking ? undefined : "the controller is starting or stopping",
    });
  }

  /** Serves on for those who are yet to be told, and finishes in time what is in flight. */
  async #end(listener: GrantListener): Promise<void> {
    const { lingerMs, finishMs = standardFinishMs } = this.#setup;
    if (lingerMs !== undefined) await sleep(lingerMs);
    const limit = setTimeout(() => this.#work.abort(new Error("stopped")), finishMs);
    const left = () => new Error("what was in flight did not end in time");
    const finish = () => this.#finish(listener);
    await within(finishMs + endWithinMs, left, finish, new AbortController().signal)
      .catch((error) => this.#report("left-unfinished", errorFields(error)));
    clearTimeout(limit);
  }

  async #finish(listener: GrantListener): Promise<void> {
    await Promise.all([listener.stop(), this.#grants.stop(), this.#tokens.stop()]);
    // the statuses a last time: nobody writes them until the next start
    for (const change of this.#mirror.left()) {
      await this.#lookAtGrant(change).catch((error) =>
        reportFailure(this.#report, change, error, 1)
      );
    }
    await this.#book.close().catch((error) => this.#report("ledger-failed", errorFields(error)));
  }

  #add(change: Change, afterMs?: number): void {
    (change.kind === "AccessToken" ? this.#tokens : this.#grants).add(change, afterMs);
  }

  /** Has a grant's status say what its ledger says: at once, or in a while where many do. */
  #countMoved(change: Change): void {
    this.#add(change, this.#mirror.note(change));
  }

  async #lookAtGrant(change: Change): Promise<Outcome> {
    const { home, announce, replica } = this.#setup;
    const wasBehind = this.#mirror.take(change); // first: a use may be spent meanwhile
    const tools = {
      ...{ home, announce, isAlone: replica === undefined, now: this.#clock.now },
      ...this.#known,
      ...{ book: this.#book, addresses: this.#addresses, audit: this.#audit },
      settled: () => this.#clock.settled(),
    };
    try {
      return await reconcileGrant(change, tools, this.#work.signal);
    } catch (error) {
      if (wasBehind) this.#mirror.putBack(change);
      throw error;
    }
  }

  /** Founds a site that a file describes; what may have waited for it is looked at in any case. */
  async #lookAtSite({ namespace, name }: Change): Promise<Outcome> {
    await this.#housekeeping.lookAtAll(namespace);
    const { foundSite } = await this.#setup.home.open(namespace);
    if (await foundSite?.(name, this.#work.signal)) {
      this.#report("site-founded", { namespace, name });
    }
    return {};
  }
}
