import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { canaryCode, type GrantSite, openGrantSite } from "../../../test/fakes/grant_site.ts";
import { createKeyPair } from "../../pki/key_pair.ts";
import { createRequest } from "../../pki/request.ts";
import type { AccessGrant } from "../../resources/access_grant.ts";
import { GrantBook } from "../grant_book.ts";
import type { Redeemed, RedeemRequest, Refused } from "../redemption.ts";

const code = Buffer.from(canaryCode);
const services = ["a", "b", "c"];

/** Several services that serve the same grant from the same ledgers. */
async function openShared(uses: number) {
  const site = await openGrantSite();
  const grant = site.grant({ uses });
  const books = await Promise.all(services.map((service) => openBook(site, grant, service)));
  return { site, grant, books, close: () => Promise.all(books.map((book) => book.close())) };
}

async function openBook(site: GrantSite, grant: AccessGrant, service: string): Promise<GrantBook> {
  const { clock } = site;
  const book = new GrantBook({ now: () => clock.now, steady: () => clock.steady, service });
  await book.upsert(grant, site.backing);
  return book;
}

/** What upstream's clients send: all the same. */
function plainRequest(grant: AccessGrant): RedeemRequest {
  return { key: grant.metadata.uid!, code, name: "", subject: "" };
}

function isRedeemed(answer: Redeemed | Refused): answer is Redeemed {
  return answer.outcome === "redeemed";
}

test("services that share a ledger give exactly the uses, to clients that can't be told apart", async () => {
  for (const uses of [1, 7]) {
    const { grant, books, close } = await openShared(uses);
    const answers = await Promise.all(Array.from({ length: 24 }, async (_, i) => {
      const answer = await books[i % books.length]!.redeem(plainRequest(grant));
      if (isRedeemed(answer)) answer.settle(true);
      return answer;
    }));
    const redeemed = answers.filter(isRedeemed);
    assert.equal(redeemed.length, uses);
    assert.equal(new Set(redeemed.map(({ serial }) => serial)).size, uses);
    await close();
  }
});

test("services that share a ledger give exactly the uses, to clients with keys of their own", async () => {
  const { grant, books, close } = await openShared(7);
  const answers = await Promise.all(Array.from({ length: 24 }, async (_, i) => {
    const csr = await createRequest(await createKeyPair(), "east");
    return await books[i % books.length]!.redeem({ ...plainRequest(grant), csr });
  }));
  assert.equal(answers.filter(isRedeemed).length, 7);
  await close();
});

test("an answer that one service could not deliver is given again by another", async () => {
  const { grant, books, close } = await openShared(1);
  const [first, second] = books;
  const lost = await first!.redeem(plainRequest(grant));
  assert.ok(isRedeemed(lost));
  const waiting = second!.redeem(plainRequest(grant));
  lost.settle(false);
  const again = await waiting;
  assert.ok(isRedeemed(again));
  assert.equal(again.body, lost.body);
  again.settle(true);
  await close();
});

test("an answer that a service was killed with is given again once that is certain", async () => {
  const { site, grant, books, close } = await openShared(1);
  const [first, second] = books;
  const lost = await first!.redeem(plainRequest(grant));
  assert.ok(isRedeemed(lost));
  const waiting = second!.redeem(plainRequest(grant));
  await new Promise((resolve) => setTimeout(resolve, 50));
  site.clock.steady += 15_000;
  const again = await waiting;
  assert.ok(isRedeemed(again));
  assert.equal(again.body, lost.body);
  again.settle(true);
  lost.settle(true);
  await close();
});

test("a service whose clock is a minute ahead leaves an answer to the one that hands it out", async () => {
  const { site, grant, books, close } = await openShared(1);
  const lost = await books[0]!.redeem(plainRequest(grant));
  assert.ok(isRedeemed(lost));
  site.clock.now += 60_000;
  const hasty = await openBook(site, grant, "hasty");
  const waiting = hasty.redeem(plainRequest(grant));
  const waited = new Promise((resolve) => setTimeout(() => resolve("it waits"), 300));
  assert.equal(await Promise.race([waiting, waited]), "it waits");
  lost.settle(false);
  const again = await waiting;
  assert.ok(isRedeemed(again));
  again.settle(true);
  await hasty.close();
  await close();
});

test("a client that leaves while another service is asked gets nothing", async () => {
  const { grant, books, close } = await openShared(2);
  const [first, second] = books;
  const held = await first!.redeem(plainRequest(grant));
  assert.ok(isRedeemed(held));
  let isConnected = true;
  const waiting = second!.redeem({ ...plainRequest(grant), isConnected: () => isConnected });
  isConnected = false;
  const refused = await waiting;
  assert.ok(!isRedeemed(refused));
  assert.equal(refused.reason, "client-gone");
  held.settle(true);
  await close();
});

test("a grant that another service takes over is let go, and its uses are told", async () => {
  const { grant, books, close } = await openShared(3);
  const [first] = books;
  const answer = await first!.redeem(plainRequest(grant));
  assert.ok(isRedeemed(answer));
  answer.settle(true);
  assert.equal(await first!.release("west", grant.metadata.name), 1);
  assert.equal(await first!.release("west", grant.metadata.name), undefined);
  const refused = await first!.redeem(plainRequest(grant));
  assert.ok(!isRedeemed(refused));
  assert.equal(refused.reason, "unknown");
  await close();
});

test("a grant that a service has not heard of yet is not unknown at once", async () => {
  const { site, books, close } = await openShared(1);
  const [first] = books;
  const grant = site.grant({ name: "new" });
  const asked = first!.redeem(plainRequest(grant));
  await first!.upsert({ ...grant, status: {} }, site.backing);
  await first!.upsert(grant, site.backing);
  const answer = await asked;
  assert.ok(isRedeemed(answer));
  answer.settle(true);
  await close();
});
