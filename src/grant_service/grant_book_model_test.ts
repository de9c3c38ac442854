import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { canaryCode, type GrantSite, openGrantSite } from "../../test/fakes/grant_site.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import { createRequest } from "../pki/request.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import { GrantBook } from "./grant_book.ts";
import type { Redeemed, RedeemRequest, Refused } from "./redemption.ts";
import { repeatWindowMs } from "./ledger/redemption_rules.ts";

/** What a grant ought to be, in the fewest words. */
interface Model {
  usesLeft: number;
  expiresAt: number;
  revoked: boolean;
  /** Serial numbers by the client that holds a use, and until when it gets the same again. */
  held: Map<string, { serial: string; until: number; isUnseen?: true }>;
  serials: Set<string>;
}

interface Real {
  site: GrantSite;
  grant: AccessGrant;
  book: GrantBook;
}

type Command = fc.AsyncCommand<Model, Real>;

const csrs = await Promise.all(
  [0, 1].map(async () => await createRequest(await createKeyPair(), "east")),
);

function openBook({ site }: Pick<Real, "site">): GrantBook {
  const now = () => site.clock.now;
  return new GrantBook({ now, steady: now });
}

/** Another process: it gives again whatever the last one kept, and measures anew how long. */
async function reopen(model: Model, real: Real): Promise<void> {
  const { site, grant } = real;
  real.book = openBook(real);
  await real.book.sweep(site.backing);
  if (!model.revoked) await real.book.upsert(grant, site.backing);
  const stored = await site.ledgers.read(grant.metadata.uid!);
  for (const [id, { serial, until }] of model.held) {
    if (until === Infinity) continue;
    const kept = stored!.ledger.redemptions.find((redemption) => redemption.serial === serial);
    if (kept!.answer === undefined) model.held.delete(id);
    else model.held.set(id, { serial, until: site.clock.now + repeatWindowMs });
  }
}

/** Client `number` asks; the answer is delivered, is lost, or is lost with the whole process. */
class Redeem implements Command {
  readonly #client: number;
  readonly #hasKey: boolean;
  readonly #fate: "delivered" | "lost" | "crash" | "failed write" | "stored though failed";

  constructor(client: number, hasKey: boolean, fate: string) {
    this.#client = client;
    this.#hasKey = hasKey;
    this.#fate = fate as "delivered";
  }

  check = () => true;

  async run(model: Model, real: Real): Promise<void> {
    const { site, grant } = real;
    const now = site.clock.now;
    const id = `${this.#hasKey ? "key" : "name"}-${this.#client}`;
    const held = model.held.get(id);
    const isHeld = held !== undefined && now < held.until;
    const expected = model.revoked
      ? "revoked"
      : isHeld
      ? "repeated"
      : now >= model.expiresAt
      ? "expired"
      : model.usesLeft === 0
      ? "used-up"
      : "redeemed";

    const request: RedeemRequest = {
      key: grant.metadata.uid!,
      code: Buffer.from(canaryCode),
      name: `east-${this.#client}`,
      subject: "east",
      ...(this.#hasKey ? { csr: csrs[this.#client]! } : {}),
    };
    site.ledgers.trouble = {
      before: (call) => {
        if (call === "write" && this.#fate === "failed write") throw new Error("disk full");
      },
      afterWrite: () => {
        if (this.#fate === "stored though failed") throw new Error("connection lost");
      },
    };
    const answer = await real.book.redeem(request).catch(() => undefined);
    site.ledgers.trouble = {};

    if (answer === undefined) {
      // a write that failed may have been any: an erasure, or this redemption's
      if (expected !== "redeemed" || this.#fate !== "stored though failed") return;
      const stored = await site.ledgers.read(grant.metadata.uid!);
      const serial = stored!.ledger.redemptions.at(-1)!.serial;
      this.#spend(model, id, serial, now);
      model.held.get(id)!.isUnseen = true;
      return;
    }
    // the time of an answer that was stored, though that failed, begins when it is seen
    const isSeenLate = held?.isUnseen === true && !isHeld && outcomeOf(answer) === "repeated";
    if (!isSeenLate) assert.equal(outcomeOf(answer), expected);
    if (answer.outcome === "refused") return;
    if (expected === "repeated" || isSeenLate) assert.equal(answer.serial, held!.serial);
    else this.#spend(model, id, answer.serial, now);
    if (this.#fate === "crash") {
      return await reopen(model, real);
    }
    answer.settle(this.#fate !== "lost");
    if (this.#fate !== "lost" && !this.#hasKey) model.held.delete(id);
  }

  #spend(model: Model, id: string, serial: string, now: number): void {
    assert.ok(!model.serials.has(serial), "a certificate was given twice");
    model.serials.add(serial);
    model.usesLeft--;
    model.held.set(id, { serial, until: this.#hasKey ? Infinity : now + repeatWindowMs });
  }

  toString = () => `redeem(${this.#client}, ${this.#hasKey ? "own key" : "no key"}, ${this.#fate})`;
}

class WrongCode implements Command {
  check = () => true;

  async run(model: Model, { book, grant, site }: Real): Promise<void> {
    const isOpen = !model.revoked && model.usesLeft > 0 && site.clock.now < model.expiresAt;
    const code = Buffer.from("wrong");
    const request = { key: grant.metadata.uid!, code, name: "", subject: "" };
    const expected = isOpen ? "wrong-code" : "unknown";
    assert.equal(outcomeOf(await book.redeem(request)), expected);
  }

  toString = () => "wrong code";
}

class PassTime implements Command {
  readonly #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  check = () => true;
  run = (_model: Model, { site }: Real) => Promise.resolve(void (site.clock.now += this.#ms));
  toString = () => `${this.#ms} ms pass`;
}

class AllowMore implements Command {
  check = ({ revoked }: Readonly<Model>) => !revoked;

  async run(model: Model, real: Real): Promise<void> {
    const { spec, ...others } = real.grant;
    const redemptionsAllowed = spec!.redemptionsAllowed! + 1;
    real.grant = { ...others, spec: { ...spec, redemptionsAllowed } };
    await real.book.upsert(real.grant, real.site.backing);
    model.usesLeft++;
  }

  toString = () => "one use more is allowed";
}

class Revoke implements Command {
  check = ({ revoked }: Readonly<Model>) => !revoked;

  async run(model: Model, { book, grant, site }: Real): Promise<void> {
    if (site.clock.now >= model.expiresAt) return;
    await book.remove("west", grant.metadata.name);
    model.revoked = true;
  }

  toString = () => "revoke";
}

class Restart implements Command {
  check = () => true;

  async run(model: Model, real: Real): Promise<void> {
    await real.book.close();
    await reopen(model, real);
  }

  toString = () => "restart";
}

function outcomeOf(answer: Redeemed | Refused): string {
  if (answer.outcome === "refused") return answer.reason;
  return answer.repeated ? "repeated" : "redeemed";
}

const fates = ["delivered", "lost", "crash", "failed write", "stored though failed"];

test("the book does what a simple model of a grant says, whatever happens in whichever order", async () => {
  const commands = fc.commands([
    fc.tuple(fc.nat(1), fc.boolean(), fc.constantFrom(...fates))
      .map((parts) => new Redeem(...parts)),
    fc.constant(new WrongCode()),
    fc.constantFrom(1, 60_000, repeatWindowMs).map((ms) => new PassTime(ms)),
    fc.constant(new AllowMore()),
    fc.constant(new Restart()),
    fc.constant(new Revoke()),
  ], { maxCommands: 25 });
  await fc.assert(
    fc.asyncProperty(commands, fc.integer({ min: 1, max: 3 }), async (commands, uses) => {
      const site = await openGrantSite();
      const grant = site.grant({ uses });
      const real: Real = { site, grant, book: openBook({ site }) };
      await real.book.upsert(grant, site.backing);
      const expiresAt = Date.parse(grant.status!.expirationTime!);
      const model: Model = {
        usesLeft: uses,
        expiresAt,
        revoked: false,
        held: new Map(),
        serials: new Set(),
      };
      await fc.asyncModelRun(() => ({ model, real }), commands);
      await real.book.close();
      const ledger = (await site.ledgers.read(grant.metadata.uid!))?.ledger;
      assert.equal(ledger?.redemptions.length ?? 0, model.serials.size);
      assert.ok(!site.ledgers.dump().includes(canaryCode));
    }),
    { numRuns: 150 },
  );
});
