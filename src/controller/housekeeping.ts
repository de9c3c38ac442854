import { isDeepStrictEqual } from "node:util";
import type { BroughtIdentity } from "../grant_service/brought_identity.ts";
import type { GrantBook } from "../grant_service/grant_book.ts";
import type { CertificateStatus } from "../platform/certificate_status.ts";
import { type ControllerClock, observeEveryMs } from "./controller_clock.ts";
import type { ControllerSetup } from "./controller_setup.ts";
import type { GrantAddresses } from "./grant_addresses.ts";
import type { Change, ControllerHome } from "./home.ts";
import type { GrantLoader } from "./load_grants.ts";
import { errorFields, type Report } from "./log.ts";

/** How often ledgers are swept. */
const sweepEveryMs = 3_600_000;

/** How soon a namespace is tried again that could not be read, in milliseconds. */
const loadAgainMs = 1000;

/** How often the certificate is checked: it may be due, or renewed by another replica. */
const renewEveryMs = 60_000;

/** How often it is looked whether the user has renewed a certificate. */
const lookEveryMs = 1000;

/** How often it is told that a certificate is still wrong: what hears it may forget. */
const repeatProblemMs = 60_000;

/** What a controller looks after beside what changes. */
export interface HousekeepingParts {
  home: ControllerHome;
  clock: ControllerClock;
  book: GrantBook;
  addresses: GrantAddresses;
  report: Report;
  /** The certificate, where the user brings it. */
  certificate: BroughtIdentity | undefined;
  /** As ControllerSetup has it. */
  certificateJudged: ControllerSetup["certificateJudged"];
  /** Told what looks wrong with the clocks, and with undefined that nothing does any more. */
  clockJudged: ((problem: string | undefined) => Promise<void>) | undefined;
  loader: Pick<GrantLoader, "isComplete" | "loadRest">;
  /** Has a resource looked at. */
  add(change: Change): void;
  /** Aborts what is in flight and has had its time. */
  signal: AbortSignal;
}

/** What is due again and again while a controller works: clocks, certificate, old ledgers. */
export class Housekeeping {
  readonly #parts: HousekeepingParts;
  /** What was told of the certificate last. */
  #told: { status: CertificateStatus; at: number } | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timers = [
      this.#repeat(() => this.observe(), observeEveryMs),
      this.#repeat(
        () => this.#renew(),
        this.#parts.certificate === undefined ? renewEveryMs : lookEveryMs,
      ),
      this.#repeat(() => this.#sweep(), sweepEveryMs),
    ];
    const { loader, signal } = this.#parts;
    if (loader.isComplete) return;
    this.#timers.push(this.#repeat(() => loader.loadRest(signal), loadAgainMs));
  }

  stop(): void {
    this.#timers.forEach(clearInterval);
  }

  /** Looks at the clocks, and tells what has changed in how they look. */
  async observe(): Promise<void> {
    const { clock, report, clockJudged } = this.#parts;
    const before = clock.problem;
    await clock.observe();
    const { problem } = clock;
    if (problem === before) return;
    if (problem === undefined) report("clock-right");
    else report("clock-wrong", { problem });
    await clockJudged?.(problem);
  }

  /** Tells how it stands with the user's certificate: what is new, and what stays wrong. */
  async judgeCertificate(): Promise<void> {
    const { certificate, certificateJudged, clock, report } = this.#parts;
    if (certificate === undefined) return;
    const { status } = certificate;
    const { status: before, at = -Infinity } = this.#told ?? {};
    const isNews = !isDeepStrictEqual(status, before);
    const isDue = status.problem !== undefined && clock.steady() - at > repeatProblemMs;
    if (!isNews && !isDue) return;
    this.#told = { status, at: clock.steady() };
    const { problem, notice, ...served } = status;
    const { problem: _, notice: __, ...servedBefore } = before ?? {};
    if (!isDeepStrictEqual(served, servedBefore)) report("certificate-served", served);
    if (problem !== undefined && problem !== before?.problem) {
      report("certificate-problem", { place: status.place, problem });
    } else if (problem === undefined && before?.problem !== undefined) {
      report("certificate-right", { place: status.place });
    }
    if (notice !== undefined && notice !== before?.notice) report("tokens-refused", { notice });
    await certificateJudged?.(status);
  }

  /** Has all of a namespace looked at. */
  async lookAtAll(namespace: string): Promise<void> {
    const { home, add, signal } = this.#parts;
    const { platform } = await home.open(namespace);
    for (const kind of ["AccessGrant", "AccessToken"] as const) {
      for (const { metadata } of await platform.list(kind, signal)) {
        add({ kind, namespace, name: metadata.name });
      }
    }
  }

  async #renew(): Promise<void> {
    const { home, addresses, signal } = this.#parts;
    const isRenewed = await addresses.renew();
    await this.judgeCertificate();
    if (!isRenewed) return;
    for (const namespace of await home.namespaces(signal)) await this.lookAtAll(namespace);
  }

  async #sweep(): Promise<void> {
    const { home, book, report, signal } = this.#parts;
    for (const namespace of await home.namespaces(signal)) {
      try {
        await book.sweep((await home.open(namespace)).backing);
      } catch (error) {
        report("housekeeping-failed", { namespace, ...errorFields(error) });
      }
    }
  }

  /** Does a chore again and again; one that failed is due again like any other. */
  #repeat(chore: () => Promise<void>, everyMs: number) {
    const failed = (error: unknown) =>
      this.#parts.report("housekeeping-failed", errorFields(error));
    return setInterval(() => chore().catch(failed), everyMs);
  }
}
