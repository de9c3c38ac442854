import { auditTo } from "../../../src/grant_service/audit_chain.ts";
import { GrantBook } from "../../../src/grant_service/grant_book.ts";
import type { GrantBacking, LedgerStore } from "../../../src/grant_service/ledger/backing.ts";
import {
  allRedemptions,
  type Ledger,
  usesSpent,
} from "../../../src/grant_service/ledger/ledger.ts";
import type { ServiceMetrics } from "../../../src/grant_service/metrics.ts";
import { redeemHandler } from "../../../src/grant_service/redeem_handler.ts";
import type { AccessGrant } from "../../../src/resources/access_grant.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import type { HappeningNow } from "../history.ts";
import type { Service } from "./network.ts";
import { type Host, type Process, theWorld } from "./world.ts";

/** What is known of the grant where all services see it. */
export interface GrantFacts {
  grant: AccessGrant;
  isRevoked: boolean;
}

/** One process that serves the grant. */
export interface Issuer extends Service {
  host: Host;
}

/** What an issuer is started with. */
export interface IssuerSetup {
  facts: GrantFacts;
  /** Its name among several; undefined where it is alone. */
  service: string | undefined;
  authority: { certificatePem: string; privateKeyPem: string };
  ledgers(): LedgerStore;
  record(happening: HappeningNow): void;
}

const noFigures = { countAnswer() {}, countUndelivered() {} };

/** How soon the grant's status says what its ledger does, in milliseconds. */
const mirrorMs = 200;
/** How often it is looked at where this service has changed nothing. */
const lookMs = 2000;

/** Serves the grant in a process of its own, with the product's book and handler, from now on. */
export function startIssuer(host: Host, process: Process, setup: IssuerSetup): Issuer {
  const issuer: Issuer = { process, host, handle: undefined };
  theWorld().as(process, () => void serve(issuer, setup));
  return issuer;
}

async function serve(issuer: Issuer, setup: IssuerSetup): Promise<void> {
  const { facts, service, authority } = setup;
  const backing: GrantBacking = {
    namespace: "west",
    ledgers: watched(setup.ledgers(), facts, setup.record),
    issuer: () => Promise.resolve(authority),
    endpoints: () => Promise.resolve([{ name: "inter-router", host: "west", port: "55671" }]),
  };
  let wake = () => {};
  const book = new GrantBook({
    ...(service === undefined ? {} : { service }),
    onChanged: () => wake(),
  });
  await persevere(() => book.upsert(facts.grant, backing));
  issuer.handle = redeemHandler({
    book,
    audit: auditTo(() => {}),
    // it counts, and answers nobody
    metrics: noFigures as unknown as ServiceMetrics,
  });
  const { name, uid } = facts.grant.metadata;
  setup.record({ what: "started", grant: uid! });
  let isGone = false;
  for (;;) {
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, lookMs);
    });
    await sleep(mirrorMs);
    if (facts.isRevoked) {
      if (!isGone) await persevere(() => book.remove("west", name));
      isGone = true;
      continue;
    }
    const spent = await book.usesSpent(uid!).catch(() => undefined) ?? 0;
    const status = facts.grant.status!;
    if (spent > (status.redemptions ?? 0)) {
      facts.grant = { ...facts.grant, status: { ...status, redemptions: spent } };
    }
    await book.upsert(facts.grant, backing).catch(() => {});
  }
}

/** Does it again until it succeeds. */
async function persevere(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch {
      await sleep(mirrorMs);
    }
  }
}

/** The store, with what is written to it on record. */
function watched(
  store: LedgerStore,
  facts: GrantFacts,
  record: (happening: HappeningNow) => void,
): LedgerStore {
  const grant = facts.grant.metadata.uid!;
  return {
    read: (uid) => store.read(uid),
    remove: (uid) => store.remove(uid),
    list: () => store.list(),
    close: async (ledger) => await store.close?.(ledger) ?? ledger,
    async write(ledger: Ledger, version) {
      const serials = allRedemptions(ledger).map(({ serial }) => serial);
      record({ what: "storing", grant, spent: usesSpent(ledger), serials });
      return await store.write(ledger, version);
    },
  };
}
