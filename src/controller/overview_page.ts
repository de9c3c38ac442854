import type { BroughtIdentity } from "../grant_service/brought_identity.ts";
import type { AuditEvent } from "../grant_service/audit.ts";
import { grantState, redemptionsAllowed } from "../resources/access_grant.ts";
import type { Kind, ResourceOf } from "../resources/kinds.ts";
import type { ControllerClock } from "./controller_clock.ts";
import type { ControllerHome } from "./home.ts";
import type { NamespaceOverview, Overview, RecentEvent, Standing } from "./overview_facts.ts";
import { renderPage } from "./overview_html.ts";

/** As many namespaces are shown: a page is read by a person. */
const mostNamespaces = 100;

/** How long an overview is shown again before the home is read anew, in milliseconds. */
const freshForMs = 3000;

/** How many events are shown. */
const mostRecent = 30;

/** What the page says beyond the home. */
interface PageSources {
  clock: Pick<ControllerClock, "now" | "steady" | "problem">;
  grantUrl(): Promise<string>;
  certificate: Pick<BroughtIdentity, "status"> | undefined;
  damagedLedgers(): number;
}

/** The page for people of a controller. */
export class OverviewPage {
  readonly #home: ControllerHome;
  readonly #sources: PageSources;
  /** Newest first. */
  readonly #recent: RecentEvent[] = [];
  #read: Promise<Overview> | undefined;
  #readAt = 0;

  constructor(home: ControllerHome, sources: PageSources) {
    this.#home = home;
    this.#sources = sources;
  }

  /** Shows the event among the last ones. */
  note(event: AuditEvent): void {
    this.#recent.unshift({ ...event, timeMs: this.#sources.clock.now() });
    this.#recent.length = Math.min(this.#recent.length, mostRecent);
  }

  /** The page as HTML. Rejects with what keeps the namespaces from being listed. */
  async render(signal: AbortSignal): Promise<string> {
    const { clock, grantUrl, certificate, damagedLedgers } = this.#sources;
    const { problem, notice } = certificate?.status ?? {};
    const facts = {
      ...await this.#overview(signal),
      grantUrl: await grantUrl(),
      clock: clock.problem,
      certificate: [problem, notice].filter(Boolean).join("; ") || undefined,
      damagedLedgers: damagedLedgers(),
      recent: this.#recent,
    };
    return renderPage(facts, clock.now());
  }

  /** The home is read every few seconds at most, however often the page is asked for. */
  #overview(signal: AbortSignal): Promise<Overview> {
    const now = this.#sources.clock.steady();
    if (this.#read === undefined || now - this.#readAt > freshForMs) {
      this.#readAt = now;
      this.#read = readOverview(this.#home, this.#sources.clock.now(), signal);
      this.#read.catch(() => this.#read = undefined);
    }
    return this.#read;
  }
}

async function readOverview(
  home: ControllerHome,
  now: number,
  signal: AbortSignal,
): Promise<Overview> {
  const names = (await home.namespaces(signal)).toSorted();
  const namespaces = [];
  for (const namespace of names.slice(0, mostNamespaces)) {
    namespaces.push(await readNamespace(home, namespace, now, signal));
  }
  return { namespaces, more: Math.max(0, names.length - mostNamespaces) };
}

async function readNamespace(
  home: ControllerHome,
  namespace: string,
  now: number,
  signal: AbortSignal,
): Promise<NamespaceOverview> {
  const { platform } = await home.open(namespace);
  let problem: string | undefined;
  async function list<K extends Kind>(kind: K): Promise<ResourceOf<K>[]> {
    try {
      return await platform.list(kind, signal);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      return [];
    }
  }
  const found = {
    namespace,
    sites: (await list("Site")).map(standing),
    grants: (await list("AccessGrant")).map((grant) => ({
      name: grant.metadata.name,
      message: "",
      ...grantState(grant, now),
      redemptions: grant.status?.redemptions ?? 0,
      redemptionsAllowed: redemptionsAllowed(grant),
      expirationTime: grant.status?.expirationTime,
    })),
    links: (await list("Link")).map(standing),
    tokens: (await list("AccessToken")).filter(({ status }) => status?.redeemed !== true)
      .map(standing),
  };
  return problem === undefined ? found : { ...found, problem };
}

function standing(
  { metadata, status }: {
    metadata: { name: string };
    status?: { status?: string | undefined; message?: string | undefined } | undefined;
  },
): Standing {
  const { status: word = "Pending", message = "" } = status ?? {};
  return { name: metadata.name, status: word, message: message === "OK" ? "" : message };
}
