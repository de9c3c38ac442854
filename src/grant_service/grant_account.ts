import type { Der } from "../pki/der.ts";
import { readRequest } from "../pki/request.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import { sleep } from "../runtime/clock.ts";
import type { GrantBacking } from "./ledger/backing.ts";
import { Absence } from "./absence.ts";
import { codeHashOf, isCode } from "./claim_code.ts";
import type { CredentialMaker, CredentialRequest } from "./client_credentials.ts";
import { GrantRecord, isDamage, type RecordContext } from "./ledger/grant_record.ts";
import { type Ledger, type Redemption, usesSpent } from "./ledger/ledger.ts";
import type {
  GrantReference,
  Redeemable,
  Redeemed,
  RedeemRequest,
  Refusal,
  Refused,
} from "./redemption.ts";
import type { Claimant } from "./ledger/redemption_list.ts";
import {
  eraseAnswers,
  repeatWindowMs,
  revoke,
  ruleOn,
  type Ruling,
  spendUse,
  termsOf,
  whyClosed,
} from "./ledger/redemption_rules.ts";
import { Turns } from "./ledger/turns.ts";

/** What all accounts of a book share. */
export interface AccountContext extends RecordContext {
  credentials: CredentialMaker;
  onChanged(grant: GrantReference): void;
}

/** A redemption made ready before it is certain that there is a use for it. */
interface Prepared {
  redemption: Redemption;
  body: string;
}

type Outcome =
  | Ruling
  | { due: "spent"; prepared: Prepared }
  | { due: "nothing"; reason: "client-gone" };

/** How old a view of the ledger may be where several services share it, in milliseconds. */
const recentMs = 60_000;
/** How often it is looked whether another has handed an answer out. */
const lookAgainMs = 200;

/** One grant as it is redeemed. */
export class GrantAccount {
  readonly #context: AccountContext;
  readonly #record: GrantRecord;
  readonly #turns = new Turns();
  #grant: AccessGrant;
  #backing: GrantBacking;
  readonly #absence: Absence;

  constructor(grant: AccessGrant, backing: GrantBacking, context: AccountContext) {
    this.#grant = grant;
    this.#backing = backing;
    this.#context = context;
    this.#absence = new Absence(context.steady);
    const served = () => ({ grant: this.#grant, backing: this.#backing });
    this.#record = new GrantRecord(served, context);
  }

  get reference(): GrantReference {
    const { name, uid } = this.#grant.metadata;
    return { namespace: this.#backing.namespace, name, uid: uid! };
  }

  /** Takes in what has changed of the grant. It is there: an end of it that failed was none. */
  renew(grant: AccessGrant, backing: GrantBacking): void {
    this.#grant = grant;
    this.#backing = backing;
    this.#absence.end();
  }

  /** Reads the ledger, and sees to what an earlier process left in it; once it has, nothing. */
  async open(): Promise<void> {
    await this.#record.open();
  }

  get isDamaged(): boolean {
    return this.#record.isDamaged;
  }

  async usesSpent(): Promise<number> {
    const { now, service } = this.#context;
    // another service may have changed it, but not once all is over
    const mayChange = service !== undefined &&
      now() < termsOf(this.#grant).expiresAt + repeatWindowMs;
    return await this.#record.usesSpent(mayChange ? recentMs : Infinity);
  }

  /** As GrantBook.redeem(). */
  async redeem(request: RedeemRequest): Promise<Redeemed | Refused> {
    return await this.#unlessDamaged(request.code, () => this.#redeem(request));
  }

  async #redeem(request: RedeemRequest): Promise<Redeemed | Refused> {
    const refused = await this.#refuseUnlessOpen(request.code);
    if (refused !== undefined) return refused;
    const name = request.name || this.#grant.metadata.name;
    const claimant = { name, subject: request.subject || name };
    const isConnected = () => request.isConnected?.() ?? true;
    if (request.csr === undefined) return await this.#claimInTurn(claimant, isConnected);
    let key: Awaited<ReturnType<typeof readRequest>>;
    try {
      key = await readRequest(request.csr);
    } catch (error) {
      return this.#refuse("csr-invalid", (error as Error).message);
    }
    return await this.#claim({ ...claimant, keyHash: key.keyHash }, isConnected, key.publicKey);
  }

  /** As GrantBook.inspect(). */
  async inspect(code: Uint8Array): Promise<Redeemable | Refused> {
    return await this.#unlessDamaged(code, () => this.#inspect(code));
  }

  async #inspect(code: Uint8Array): Promise<Redeemable | Refused> {
    const refused = await this.#refuseUnlessOpen(code);
    if (refused !== undefined) return refused;
    const ledger = await this.#record.update((ledger) => ({ ledger, result: ledger }));
    const terms = termsOf(this.#grant);
    const reason = whyClosed(ledger, terms, this.#context.now());
    if (reason !== undefined) return this.#refuse(reason);
    return {
      outcome: "redeemable",
      grant: this.reference,
      usesLeft: terms.usesAllowed - usesSpent(ledger),
      expires: this.#grant.status!.expirationTime!,
    };
  }

  /**
   * Ends the account of a grant that is gone. Returns the hash of its code if that revokes it,
   * undefined if it had expired or never had a code.
   */
  async retire(): Promise<string | undefined> {
    this.#absence.begin();
    const now = this.#context.now();
    const terms = termsOf(this.#grant);
    const codeHash = terms.expiresAt > now ? codeHashOf(this.#grant) : undefined;
    try {
      await this.#record.update((before) => {
        const ledger = codeHash === undefined
          ? eraseAnswers(before)
          : revoke(before, terms, codeHash, now);
        return { ledger, result: undefined };
      });
      await this.close();
    } catch (error) {
      if (!isDamage(error)) throw error; // gives nothing anyway
    }
    return codeHash;
  }

  /** Writes what is left to write. */
  close(): Promise<void> {
    return this.#record.close();
  }

  /** Compares the code first: of a closed grant only its holder learns anything. */
  async #refuseUnlessOpen(code: Uint8Array): Promise<Refused | undefined> {
    const terms = termsOf(this.#grant);
    const codeHash = codeHashOf(this.#grant);
    const absent = this.#absence.reason;
    if (codeHash === undefined) return this.#refuse(absent ?? "unready");
    if (isCode(code, codeHash)) {
      if (absent !== undefined) return this.#refuse(absent);
      if (!this.#grant.status?.expirationTime) return this.#refuse("unready");
      return Number.isNaN(terms.expiresAt) ? this.#refuse("corrupted") : undefined;
    }
    const ledger = await this.#record.current();
    const reason = whyClosed(ledger, terms, this.#context.now());
    const isOpen = !Number.isNaN(terms.expiresAt) && !absent && reason === undefined;
    return this.#refuse(isOpen ? "wrong-code" : "unknown");
  }

  /**
   * Redeems for a client that did not make its key. Its second request waits until it is known
   * whether the answer to the first has arrived. Only then is it clear which answer the second is
   * due.
   */
  async #claimInTurn(claimant: Claimant, isConnected: () => boolean): Promise<Redeemed | Refused> {
    const endTurn = await this.#turns.take(`${claimant.name}\n${claimant.subject}`);
    try {
      const answer = await this.#claim(claimant, isConnected);
      if (answer.outcome === "refused") {
        endTurn();
        return answer;
      }
      const settle = (delivered: boolean) => {
        this.#record.answers.settle(answer.serial, delivered);
        endTurn();
      };
      return { ...answer, settle };
    } catch (error) {
      endTurn();
      throw error;
    }
  }

  /** Makes the credentials, then spends the use they are for; if both succeed they are given. */
  async #claim(
    claimant: Claimant,
    isConnected: () => boolean,
    publicKey?: Der,
  ): Promise<Redeemed | Refused> {
    const ledger = await this.#record.current();
    const seemsOpen = whyClosed(ledger, termsOf(this.#grant), this.#context.now()) === undefined;
    let prepared = seemsOpen ? await this.#prepare(claimant, publicKey) : undefined;
    let outcome: Outcome;
    for (;;) {
      if (!isConnected()) return this.#refuse("client-gone");
      outcome = await this.#record.update((ledger) =>
        this.#spend(ledger, claimant, prepared, isConnected)
      );
      if (outcome.due === "later") await sleep(lookAgainMs);
      // the ledger as last seen said that the grant is closed, and it is not
      else if (outcome.due === "use") prepared = await this.#prepare(claimant, publicKey);
      else break;
    }
    if (outcome.due === "nothing") return this.#refuse(outcome.reason);
    const repeated = outcome.due === "repeat";
    const grant = this.reference;
    if (!repeated) this.#context.onChanged(grant);
    const { redemption, body } = outcome.due === "repeat"
      ? await this.#restore(outcome.redemption, publicKey)
      : outcome.prepared;
    const { name, subject, serial } = redemption;
    return { outcome: "redeemed", grant, body, name, subject, serial, repeated, settle() {} };
  }

  /**
   * The ledger with the redemption in it, if that is what the claimant is due and it is ready. Who
   * has gone while others were first to write may have been served by one of those since.
   */
  #spend(
    ledger: Ledger,
    claimant: Claimant,
    prepared: Prepared | undefined,
    isConnected: () => boolean,
  ): { ledger: Ledger; result: Outcome } {
    const terms = termsOf(this.#grant);
    const { now, service } = this.#context;
    const { ages } = this.#record.answers;
    const ruling = ruleOn(ledger, terms, claimant, { now: now(), ages, service });
    if (ruling.due === "repeat") {
      return { ledger: this.#record.answers.holdAgain(ledger, ruling.redemption), result: ruling };
    }
    if (ruling.due !== "use" || prepared === undefined) return { ledger, result: ruling };
    if (!isConnected()) return { ledger, result: { due: "nothing", reason: "client-gone" } };
    const spent = spendUse(ledger, terms, this.#record.answers.hold(prepared.redemption));
    return { ledger: spent, result: { due: "spent", prepared } };
  }

  async #prepare(claimant: Claimant, publicKey: Der | undefined): Promise<Prepared> {
    const signedAt = this.#context.now();
    const { body, serial } = await this.#sign(claimant, { publicKey, signedAt });
    const at = new Date(signedAt).toISOString();
    const answer = publicKey === undefined ? { answer: body } : {};
    return { redemption: { ...claimant, serial, at, ...answer }, body };
  }

  /** What was given before: as it was kept, or signed again for the client's own key. */
  async #restore(redemption: Redemption, publicKey: Der | undefined): Promise<Prepared> {
    if (publicKey === undefined) return { redemption, body: redemption.answer! };
    const { serial, at } = redemption;
    const { body } = await this.#sign(redemption, { publicKey, serial, signedAt: Date.parse(at) });
    return { redemption, body };
  }

  #sign({ name, subject }: Claimant, facts: Omit<CredentialRequest, "name" | "subject">) {
    const { credentials } = this.#context;
    return credentials.make(this.#grant, this.#backing, { name, subject, ...facts });
  }

  /** Does nothing for anybody where the ledger is damaged; a holder of the code is told why. */
  async #unlessDamaged<T>(code: Uint8Array, work: () => Promise<T>): Promise<T | Refused> {
    try {
      return await work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      return this.#refuse(isCode(code, codeHashOf(this.#grant)) ? "damaged" : "unknown");
    }
  }

  #refuse(reason: Refusal, detail?: string): Refused {
    const more = detail === undefined ? {} : { detail };
    return { outcome: "refused", reason, grant: this.reference, ...more };
  }
}
