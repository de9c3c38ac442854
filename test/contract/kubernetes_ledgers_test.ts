import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import { LedgerSecrets } from "../../platforms/kubernetes/controller/ledger_secrets.ts";
import { PendingKeySecrets } from "../../platforms/kubernetes/controller/pending_key_secrets.ts";
import { identitySecret } from "../../platforms/kubernetes/controller/identity_secret.ts";
import { open } from "../../platforms/kubernetes/mod.ts";
import { obtainServiceIdentity } from "../../src/grant_service/service_identity.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { AccessToken } from "../../src/resources/access_token.ts";
import { apiVersion } from "../../src/resources/resource.ts";
import { markToken } from "../../src/token/token_mark.ts";
import { makeToken } from "../fakes/tokens.ts";
import { missingForKubernetes } from "../testbed/kubernetes/programs.ts";
import { type KubernetesTestbed, startKubernetes } from "../testbed/kubernetes/start.ts";
import { ledgerStoreContract } from "./ledger_store_contract.ts";

const { signal } = new AbortController();

if (missingForKubernetes !== undefined) {
  test(`Secrets of the controller (needs ${missingForKubernetes})`, { skip: true }, () => {});
} else {
  describe("on a real API server", () => {
    let testbed: KubernetesTestbed;

    before(async () => {
      testbed = await startKubernetes();
    });

    after(() => testbed.stop());

    function openNamespace(namespace: string): Promise<Platform> {
      return open({
        namespace,
        context: undefined,
        kubeconfig: testbed.kubeconfig,
        env: {},
        executable: [],
        version: "0.0.0",
      });
    }

    describe("LedgerStore of Secrets", () => {
      ledgerStoreContract(async () => {
        const namespace = await testbed.createNamespace();
        const platform = await openNamespace(namespace);
        const again = async () => new LedgerSecrets(await openNamespace(namespace), signal);
        async function damage(uid: string) {
          const secret = (await platform.get("Secret", `hawser-ledger-${uid}`, signal))!;
          const bytes = Buffer.from(secret.data!["ledger"]!, "base64");
          bytes[bytes.length - 12]! ^= 1;
          secret.data = { ledger: bytes.toString("base64") };
          await platform.apply<"Secret">(secret, signal);
        }
        return { store: await again(), again, unknownVersion: "1", damage, close() {} };
      }, { endsWithGrants: true });

      test("a ledger goes with its grant, and is not made for one that is gone", async () => {
        const namespace = await testbed.createNamespace();
        const platform = await openNamespace(namespace);
        const store = new LedgerSecrets(platform, signal);
        const ledger = { grantUid: "u-1", grantName: "g", counted: 0, redemptions: [] };
        await store.write(ledger, undefined);
        const secret = await platform.get("Secret", "hawser-ledger-u-1", signal);
        const owner = { apiVersion, kind: "AccessGrant", name: "g", uid: "u-1" };
        assert.deepEqual(secret?.metadata["ownerReferences"], [owner]);
        await store.remove("u-1");
        await store.write({ ...ledger, revokedAt: "2026-01-01T00:00:00Z" }, undefined);
        assert.equal(await store.read("u-1"), undefined);
      });

      test("no ledger counts that was begun for a grant which is gone, whoever reads it", async () => {
        const namespace = await testbed.createNamespace();
        const platform = await openNamespace(namespace);
        const grant = await platform.apply<"AccessGrant">({
          apiVersion,
          kind: "AccessGrant",
          metadata: { name: "west" },
          spec: { redemptionsAllowed: 1 },
        }, signal);
        const grantUid = grant.metadata.uid!;
        const ledger = { grantUid, grantName: grant.metadata.name, counted: 0, redemptions: [] };
        const inTime = new LedgerSecrets(platform, signal, { grants: platform });
        const version = await inTime.write(ledger, undefined);
        assert.equal((await inTime.read(grantUid))?.version, version);
        await platform.remove("AccessGrant", ledger.grantName, signal);
        await inTime.remove(grantUid);
        await assert.rejects(inTime.write(ledger, undefined), { code: "resource-not-found" });
        assert.equal(await platform.get("Secret", `hawser-ledger-${grantUid}`, signal), undefined);
        // one replica that heard late of it begins a ledger, and can't see then whether it may
        const unseeing = new LedgerSecrets(platform, signal, {
          grants: { get: () => Promise.reject(new Error("the API server is away")) },
        });
        await assert.rejects(unseeing.write(ledger, undefined), /away/);
        await assert.rejects(unseeing.read(grantUid), /away/);
        assert.equal(await inTime.read(grantUid), undefined);
        assert.equal(await platform.get("Secret", `hawser-ledger-${grantUid}`, signal), undefined);
        // a grant that waits for its finalizers may have lost its ledger already
        const metadata = { ...grant.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
        const ending = new LedgerSecrets(platform, signal, {
          grants: { get: () => Promise.resolve({ ...grant, metadata } as never) },
        });
        await assert.rejects(ending.write(ledger, undefined), { code: "resource-not-found" });
      });

      test("10,000 redemptions find room, and answers under way to 500 clients", async () => {
        const store = new LedgerSecrets(
          await openNamespace(await testbed.createNamespace()),
          signal,
        );
        const random = (bytes: number) =>
          Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64url");
        const at = new Date().toISOString();
        const redemption = () => ({
          keyHash: random(32),
          name: "west-6bfn6",
          subject: crypto.randomUUID(),
          serial: random(16),
          at,
        });
        const grown = (count: number) => Array.from({ length: count }, redemption);
        const ledger = { grantName: "g", counted: 0 };
        await store.write({ ...ledger, grantUid: "u-1", redemptions: grown(10_000) }, undefined);
        const constant = random(2000);
        const answering = grown(500).map((redemption) => ({
          ...redemption,
          answer: `${constant}${random(700)}${constant}`,
        }));
        await store.write({ ...ledger, grantUid: "u-2", redemptions: answering }, undefined);
      });
    });

    test("of many that make the grant service's identity at once all get the same one", async () => {
      const namespace = await testbed.createNamespace();
      const identities = await Promise.all(Array.from({ length: 5 }, async () => {
        const store = identitySecret(await openNamespace(namespace), signal);
        return await obtainServiceIdentity(store, ["west.example"]);
      }));
      const certificates = identities.map(({ caPem, certificatePem }) => caPem + certificatePem);
      assert.equal(new Set(certificates).size, 1);
    });

    describe("the key of a redemption under way", () => {
      async function openKeys() {
        const platform = await openNamespace(await testbed.createNamespace());
        const clock = { now: 0 };
        const metadata = { name: "east" };
        const site = await platform.apply<"Site">({ apiVersion, kind: "Site", metadata }, signal);
        const put = () => platform.apply<"AccessToken">(makeToken(), signal);
        const now = () => clock.now;
        const replica = (name: string, store = platform) =>
          new PendingKeySecrets(store, platform, () => [site], name, now);
        const token = await put();
        return { platform, clock, replica, site, token, put, mark: markToken(makeToken()) };
      }

      test("one of several replicas redeems the token; the next takes over with the same key", async () => {
        const { clock, replica, site, token, mark, platform } = await openKeys();
        const replicas = ["a", "b", "c"].map((name) => replica(name));
        const claims = await Promise.all(replicas.map((one) => one.claim(token, signal)));
        assert.equal(claims.filter((claim) => claim === "ours").length, 1);
        const first = replicas[claims.indexOf("ours")]!;
        const next = replicas[(claims.indexOf("ours") + 1) % 3]!;
        const key = await first.obtain(mark);
        assert.match(key, /PRIVATE KEY/);
        clock.now += 30_000;
        assert.equal(await next.claim(token, signal), "ours");
        assert.equal(await next.obtain(mark), key);
        assert.notEqual(await first.claim(token, signal), "ours");
        const name = `hawser-pending-${mark}`;
        const secret = await platform.get("Secret", name, signal);
        assert.deepEqual(secret?.metadata["ownerReferences"], [
          { apiVersion, kind: "AccessToken", name: "west-6bfn6", uid: token.metadata.uid },
          { apiVersion, kind: "Site", name: "east", uid: site.metadata.uid },
        ]);
        await next.forget(mark, signal);
        assert.equal(await platform.get("Secret", name, signal), undefined);
      });

      test("a claim lasts as long as it is made again, however long ago it was seen first", async () => {
        const { clock, replica, token } = await openKeys();
        const [first, next] = [replica("a"), replica("b")];
        assert.equal(await first.claim(token, signal), "ours");
        for (let times = 0; times < 3; times++) {
          assert.deepEqual(await next.claim(token, signal), { againInMs: 25_000 });
          clock.now += 20_000;
          assert.deepEqual(await next.claim(token, signal), { againInMs: 5000 });
          assert.equal(await first.claim(token, signal), "ours");
        }
        clock.now += 10_000;
        assert.deepEqual(await next.claim(token, signal), { againInMs: 25_000 });
        clock.now += 25_000;
        assert.equal(await next.claim(token, signal), "ours");
      });

      test("a claim that took long to be made is made again before it is gone by", async () => {
        const { platform, clock, replica, token } = await openKeys();
        let slow = 2;
        const slowly: Platform = {
          ...platform,
          get: platform.get.bind(platform),
          async apply(resource, signal) {
            const stored = await platform.apply(resource, signal);
            if (slow-- > 0) clock.now += 12_000;
            return stored;
          },
        };
        const one = replica("a", slowly);
        assert.equal(await one.claim(token, signal), "ours");
        assert.equal(slow, -1);
        assert.notEqual(await replica("b").claim(token, signal), "ours");
      });

      test("a token that another replica has finished is not begun anew where the news are late", async () => {
        const { platform, replica, token, mark } = await openKeys();
        const first = replica("a");
        assert.equal(await first.claim(token, signal), "ours");
        await platform.apply<"AccessToken">(refused(token), signal);
        await first.forget(mark, signal);
        // as the next one has it in its cache
        assert.equal(await replica("b").claim(token, signal), "theirs");
        assert.equal(await platform.get("Secret", `hawser-pending-${mark}`, signal), undefined);
      });

      test("nor where nobody hears that its new key was stored", async () => {
        const { platform, replica, token } = await openKeys();
        await platform.apply<"AccessToken">(refused(token), signal);
        let isLost = true;
        const late = replica("b", {
          ...platform,
          get: platform.get.bind(platform),
          async apply(resource, signal) {
            const stored = await platform.apply(resource, signal);
            if (!isLost) return stored;
            isLost = false;
            throw new Error("the answer was lost");
          },
        });
        await assert.rejects(late.claim(token, signal), /answer was lost/);
        assert.equal(await late.claim(token, signal), "theirs");
      });

      test("nor by the replica that has finished it and kept its key", async () => {
        const { platform, replica, token, put, mark } = await openKeys();
        const one = replica("a");
        assert.equal(await one.claim(token, signal), "ours");
        const key = await one.obtain(mark);
        await platform.apply<"AccessToken">(refused(token), signal);
        assert.equal(await one.claim(token, signal), "theirs");
        await platform.remove("AccessToken", token.metadata.name, signal);
        assert.equal(await one.claim(await put(), signal), "ours");
        assert.equal(await one.obtain(mark), key);
      });

      test("a token that was taken away and put in again goes on with its key", async () => {
        const { platform, clock, replica, token, put, mark } = await openKeys();
        const [first, next] = [replica("a"), replica("b")];
        assert.equal(await first.claim(token, signal), "ours");
        const key = await first.obtain(mark);
        await platform.remove("AccessToken", token.metadata.name, signal);
        const again = await put();
        // it has the former token in its cache
        assert.notEqual(await next.claim(token, signal), "ours");
        clock.now += 30_000;
        assert.equal(await next.claim(token, signal), "theirs");
        assert.equal(await next.claim(again, signal), "ours");
        assert.equal(await next.obtain(mark), key);
        const secret = (await platform.get("Secret", `hawser-pending-${mark}`, signal))!;
        const [owner] = secret.metadata["ownerReferences"] as { uid: string }[];
        assert.equal(owner!.uid, again.metadata.uid);
      });

      test("a key whose Secret somebody removes is stored again by who has it", async () => {
        const { platform, replica, token, mark } = await openKeys();
        const one = replica("a");
        assert.equal(await one.claim(token, signal), "ours");
        const key = await one.obtain(mark);
        await platform.remove("Secret", `hawser-pending-${mark}`, signal);
        assert.equal(await one.claim(token, signal), "ours");
        assert.equal(await one.obtain(mark), key);
        assert.equal(await replica("a").claim(token, signal), "ours");
      });

      test("a replica goes on with what it had begun before it was started again", async () => {
        const { replica, token, mark } = await openKeys();
        const [before, again] = [replica("a"), replica("a")];
        assert.equal(await before.claim(token, signal), "ours");
        assert.equal(await again.claim(token, signal), "ours");
        assert.equal(await again.obtain(mark), await before.obtain(mark));
      });
    });
  });
}

/** The token as it is once a replica has finished it. */
function refused(token: AccessToken): AccessToken {
  const since = { lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 };
  const state = { ...since, status: "False", reason: "Error", message: "it failed" } as const;
  return { ...token, status: { conditions: [{ type: "Redeemed", ...state }] } };
}
