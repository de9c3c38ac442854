import type { AccessGrant } from "../resources/access_grant.ts";
import { isAppError } from "../errors/app_error.ts";
import { type Now, sleep } from "../runtime/clock.ts";
import type { GrantBacking } from "./ledger/backing.ts";
import { isCode } from "./claim_code.ts";
import { CredentialMaker } from "./client_credentials.ts";
import { type AccountContext, GrantAccount } from "./grant_account.ts";
import type {
  GrantReference,
  ProbeRequest,
  Redeemable,
  Redeemed,
  RedeemRequest,
  Refused,
} from "./redemption.ts";

export interface GrantBookOptions {
  /**
   * Lifetime of client certificates where the grant names none; 5 years by default, as upstream.
   */
  certificateLifetimeMs?: number;
  now?: Now;
  /** Milliseconds by a clock that nobody sets, for what waits; the process' own by default. */
  steady?: Now;
  /**
   * What is over for certain, in milliseconds since 1970: ledgers of grants that expired before are
   * swept; none by default.
   */
  settled?: Now;
  /** The name of this service among several that share the ledgers; undefined: it is alone. */
  service?: string;
  /** Where news of grants come from: false while they may not reach this service. */
  news?: { isCurrent?(): boolean };
  /** Told after a use was spent: the grant's status.redemptions is behind `usesSpent` now. */
  onChanged?(grant: GrantReference): void;
  /** Told what goes wrong and keeps nobody from redeeming. */
  onProblem?(problem: unknown): void;
}

/** How long the news of a grant may take from one service to the others, in milliseconds. */
const newsMs = 1500;

/** How often it is looked whether it has come. */
const lookAgainMs = 50;

/** What is remembered of a grant that was taken away before its time. */
interface Revoked {
  grant: GrantReference;
  codeHash: string;
}

/** The grants of all namespaces a service serves: the only place where uses are counted. */
export class GrantBook {
  readonly #context: AccountContext;
  readonly #settled: Now;
  readonly #isCurrent: () => boolean;
  readonly #accounts = new Map<string, GrantAccount>();
  readonly #revoked = new Map<string, Revoked>();
  /** Uids by namespace and name. */
  readonly #uids = new Map<string, string>();

  constructor(options: GrantBookOptions = {}) {
    this.#isCurrent = () => options.news?.isCurrent?.() ?? true;
    this.#settled = options.settled ?? (() => -Infinity);
    this.#context = {
      credentials: new CredentialMaker({ ...options, lifetimeMs: options.certificateLifetimeMs }),
      now: options.now ?? Date.now,
      steady: options.steady,
      service: options.service,
      onChanged: (grant) => options.onChanged?.(grant),
    };
  }

  /**
   * Takes in a new grant, which must have a uid, or a change of a known one. It can be redeemed
   * once its status has code and expirationTime. Throws `ledger-failed` while its ledger can't be
   * read. The grant is known all the same: a redeemer is told to come again, and not that there is
   * no such grant.
   */
  async upsert(grant: AccessGrant, backing: GrantBacking): Promise<void> {
    const { name, uid } = grant.metadata;
    if (uid === undefined) return;
    const path = pathOf(backing.namespace, name);
    const uidBefore = this.#uids.get(path);
    if (uidBefore !== undefined && uidBefore !== uid) await this.remove(backing.namespace, name);
    this.#uids.set(path, uid);
    let account = this.#accounts.get(uid);
    if (account === undefined) {
      account = new GrantAccount(grant, backing, this.#context);
      this.#accounts.set(uid, account);
    } else {
      account.renew(grant, backing);
    }
    // among several, what an earlier process left is seen to by any, and reading it all would take
    // long
    if (this.#context.service === undefined) await account.open();
  }

  /**
   * Ends the service of a grant that is gone. A grant that had not expired is marked as revoked in
   * its ledger. An unknown uid is ignored. Throws `ledger-failed`; the caller then tries again.
   */
  async remove(namespace: string, name: string): Promise<void> {
    const path = pathOf(namespace, name);
    const uid = this.#uids.get(path);
    if (uid === undefined) return;
    const account = this.#accounts.get(uid);
    const codeHash = await account?.retire();
    if (account !== undefined && codeHash !== undefined) {
      this.#revoked.set(uid, { grant: account.reference, codeHash });
    }
    this.#accounts.delete(uid);
    if (this.#uids.get(path) === uid) this.#uids.delete(path);
  }

  /**
   * Lets go of a grant that another service serves from now on, and returns how many uses were
   * spent; undefined if the book has no such grant. Throws `ledger-failed`.
   */
  async release(namespace: string, name: string): Promise<number | undefined> {
    const path = pathOf(namespace, name);
    const account = this.#accounts.get(this.#uids.get(path) ?? "");
    if (account === undefined) return undefined;
    this.#accounts.delete(account.reference.uid);
    this.#uids.delete(path);
    await account.close();
    return await account.usesSpent();
  }

  /**
   * Redeems a grant (docs/spec/design.md 5.1): whatever is refused or fails costs no use. Throws
   * what the backing throws, and `ledger-failed`.
   */
  async redeem(request: RedeemRequest): Promise<Redeemed | Refused> {
    const { key, code } = request;
    return await this.#unlessUnknown(
      () => this.#accounts.get(key)?.redeem(request) ?? this.#refuse(key, code),
      request,
    );
  }

  /** Tells a holder of the code how the grant stands; spends nothing. Throws `ledger-failed`. */
  async inspect(request: ProbeRequest): Promise<Redeemable | Refused> {
    const { key, code } = request;
    return await this.#unlessUnknown(
      () => this.#accounts.get(key)?.inspect(code) ?? this.#refuse(key, code),
      request,
    );
  }

  /** How many grants give nothing because their ledgers are damaged. */
  get damaged(): number {
    return this.#accounts.values().filter((account) => account.isDamaged).toArray().length;
  }

  /**
   * Uses of a grant spent so far, as its ledger said lately; undefined if the book has no such
   * grant.
   */
  async usesSpent(uid: string): Promise<number | undefined> {
    return await this.#accounts.get(uid)?.usesSpent();
  }

  /**
   * To be called for each namespace at start and every hour: removes ledgers whose grant is gone
   * and expired before the settled time, and recalls which grants were revoked. Ledgers of grants
   * the book has are left alone, whatever the clock says: so the grants go first. Throws the last
   * failure, once all are looked at.
   */
  async sweep(backing: GrantBacking): Promise<void> {
    let failure: { cause: unknown } | undefined;
    for (const uid of await backing.ledgers.list()) {
      if (this.#accounts.has(uid)) continue;
      await this.#sweepLedger(uid, backing).catch((cause) => {
        // what can't be relied on was told of when its grant was closed, and stays
        if (!isAppError(cause, "ledger-damaged", "ledger-outdated")) failure = { cause };
      });
    }
    if (failure !== undefined) throw failure.cause;
  }

  async #sweepLedger(uid: string, { ledgers, namespace }: GrantBacking): Promise<void> {
    const ledger = (await ledgers.read(uid))?.ledger;
    if (ledger === undefined) return;
    const { grantName, expiresAt, revokedAt, codeHash } = ledger;
    if (Date.parse(expiresAt ?? "") <= this.#settled()) {
      await ledgers.remove(uid);
      this.#revoked.delete(uid);
    } else if (revokedAt !== undefined && codeHash !== undefined) {
      this.#revoked.set(uid, { grant: { namespace, name: grantName, uid }, codeHash });
    }
  }

  /** Writes what is left to write, once nothing is redeemed any more. Throws `ledger-failed`. */
  async close(): Promise<void> {
    await Promise.all([...this.#accounts.values()].map((account) => account.close()));
  }

  /**
   * Asks for an answer. Where several services share the ledgers, one is asked for grants that
   * another has just made ready before it has heard of them: none is unknown before that has had
   * its time, and none where no news come.
   */
  async #unlessUnknown<T extends { outcome: string }>(
    ask: () => Promise<T | Refused> | Refused,
    { isConnected = () => true, setAside }: Pick<RedeemRequest, "isConnected" | "setAside">,
  ): Promise<T | Refused> {
    const end = performance.now() + (this.#context.service === undefined ? 0 : newsMs);
    let isCurrent = true;
    for (;;) {
      isCurrent &&= this.#isCurrent();
      const answer = await ask();
      const isUnknown = "reason" in answer && ["unknown", "unready"].includes(answer.reason);
      if (!isUnknown || performance.now() >= end || !isConnected()) {
        return isUnknown && !isCurrent ? { outcome: "refused", reason: "unready" } : answer;
      }
      setAside?.(true);
      await sleep(lookAgainMs);
      setAside?.(false);
    }
  }

  #refuse(uid: string, code: Uint8Array): Refused {
    const revoked = this.#revoked.get(uid);
    const isHolder = isCode(code, revoked?.codeHash);
    const reason = isHolder && revoked !== undefined ? "revoked" : "unknown";
    const refused: Refused = { outcome: "refused", reason };
    return revoked === undefined ? refused : { ...refused, grant: revoked.grant };
  }
}

function pathOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
