import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";
import { isAppError } from "../../src/errors/app_error.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { AccessGrant } from "../../src/resources/access_grant.ts";
import type { Kind, ResourceOf } from "../../src/resources/kinds.ts";
import { ownedBy } from "../../src/resources/owner.ts";
import { apiVersion } from "../../src/resources/resource.ts";
import type { Site } from "../../src/resources/site.ts";
import { increment } from "./increment.ts";

/** A store under test. */
export interface OpenedPlatform {
  platform: Platform;
  /** Another handle on the same store. */
  again(): Promise<Platform>;
  close(): Promise<void>;
}

/**
 * What Platform promises (src/platform/platform.ts), on a store that `open` makes empty each time;
 * to be called inside `describe`, or Deno reports the tests as those of this file.
 */
export function platformContract(open: () => Promise<OpenedPlatform>): void {
  const signal = new AbortController().signal;
  let opened: OpenedPlatform;
  let platform: Platform;

  beforeEach(async () => {
    opened = await open();
    platform = opened.platform;
  });

  afterEach(() => opened.close());

  test("absent is undefined, an empty list or nothing to remove", async () => {
    for (const kind of ["Site", "Link", "Secret", "AccessGrant"] as const) {
      assert.equal(await platform.get(kind, "none", signal), undefined);
      assert.deepEqual(await platform.list(kind, signal), []);
      await platform.remove(kind, "none", signal);
    }
  });

  test("apply creates, get and list give it back", async () => {
    const stored = await platform.apply(makeSite("west"), signal);
    assert.equal(stored.metadata.namespace, platform.namespace);
    assert.ok(stored.metadata.uid);
    assert.ok(stored.metadata.resourceVersion);
    assert.deepEqual(await platform.get("Site", "west", signal), stored);
    assert.deepEqual(await platform.list("Site", signal), [stored]);
    assert.deepEqual(await (await opened.again()).get("Site", "west", signal), stored);
  });

  test("list is ordered by name and knows kinds apart", async () => {
    for (const name of ["c", "a.b", "a", "b"]) {
      await platform.apply(makeGrant(name), signal);
      await platform.apply(makeSecret(name), signal);
    }
    const grants = await platform.list("AccessGrant", signal);
    assert.deepEqual(grants.map((grant) => grant.metadata.name), ["a", "a.b", "b", "c"]);
    assert.deepEqual(new Set(grants.map((grant) => grant.kind)), new Set(["AccessGrant"]));
  });

  test("remove removes that one", async () => {
    for (const name of ["a", "b"]) {
      await platform.apply(makeGrant(name), signal);
      await platform.apply(makeSecret(name), signal);
    }
    await platform.remove("AccessGrant", "a", signal);
    await platform.remove("Secret", "b", signal);
    assert.equal(await platform.get("AccessGrant", "a", signal), undefined);
    assert.equal((await platform.list("AccessGrant", signal)).length, 1);
    assert.deepEqual(
      (await platform.list("Secret", signal)).map((secret) => secret.metadata.name),
      ["a"],
    );
  });

  test("remove with a uid leaves one that was made anew", async () => {
    const first = await platform.apply(makeGrant("g"), signal);
    await platform.remove("AccessGrant", "g", signal);
    const second = await platform.apply(makeGrant("g"), signal);
    await platform.remove("AccessGrant", "g", signal, { uid: first.metadata.uid });
    assert.ok(await platform.get("AccessGrant", "g", signal));
    await platform.remove("AccessGrant", "g", signal, { uid: second.metadata.uid });
    assert.equal(await platform.get("AccessGrant", "g", signal), undefined);
  });

  test("a dry run stores nothing, and fails where storing would", async () => {
    const secret = makeSecret("s");
    const rehearse = (resourceVersion: string) =>
      platform.apply<"Secret">(
        { ...secret, metadata: { ...secret.metadata, resourceVersion } },
        signal,
        { dryRun: true },
      );
    await rehearse("");
    assert.deepEqual(await platform.list("Secret", signal), []);
    const { metadata } = await platform.apply<"Secret">(secret, signal);
    await assert.rejects(rehearse(""), isConflict);
    await rehearse(metadata.resourceVersion!);
    assert.deepEqual((await stored("Secret", "s")).metadata, metadata);
  });

  test("what belongs to a site is stored while that very site is there", async () => {
    const site = await platform.apply<"Site">(makeSite("west"), signal);
    const secret = makeSecret("s");
    const put = (owner: Site, options = {}) => {
      const metadata = { ...secret.metadata, ...ownedBy(owner), resourceVersion: "" };
      return platform.apply<"Secret">({ ...secret, metadata }, signal, options);
    };
    const foreign = { ...site, metadata: { ...site.metadata, uid: randomUUID() } };
    for (const options of [{ dryRun: true }, {}]) {
      await assert.rejects(put(foreign, options), isGone);
      await platform.remove("Site", "west", signal);
      await assert.rejects(put(site, options), isGone);
      assert.deepEqual(await platform.list("Secret", signal), []);
      site.metadata = (await platform.apply<"Site">(makeSite("west"), signal)).metadata;
    }
    await put(site, { dryRun: true });
    await put(site);
    assert.ok(await platform.get("Secret", "s", signal));
  });

  test("fields unknown here survive a read-modify-write", async () => {
    const site = { ...makeSite("west"), future: { a: [1, null, { b: "yes" }] } };
    Object.assign(site.spec!, { later: "12:30:45" });
    await platform.apply(site, signal);
    const read = await stored("Site", "west");
    read.spec!.linkAccess = "default";
    const { future, spec } = await platform.apply(read, signal) as typeof site;
    assert.deepEqual(future, { a: [1, null, { b: "yes" }] });
    assert.deepEqual(spec, { settings: {}, later: "12:30:45", linkAccess: "default" });
  });

  test("what is returned, and what was given, belongs to the caller", async () => {
    const given = makeGrant("g");
    const applied = await platform.apply<"AccessGrant">(given, signal);
    given.spec!.code = "changed";
    applied.spec!.code = "changed";
    (await stored("AccessGrant", "g")).spec!.code = "changed";
    (await platform.list("AccessGrant", signal))[0]!.spec!.code = "changed";
    assert.equal((await stored("AccessGrant", "g")).spec!.code, "code");
  });

  test("apply stores the status, and raises the generation with the spec only", async () => {
    const first = await platform.apply<"AccessGrant">(makeGrant("g"), signal);
    assert.equal(first.metadata.generation, 1);
    const status = { redemptions: 1, conditions: [] };
    const second = await platform.apply<"AccessGrant">({ ...first, status }, signal);
    assert.deepEqual(second.status, status);
    assert.equal(second.metadata.generation, 1);
    assert.equal(second.metadata.uid, first.metadata.uid);
    assert.equal(second.metadata.creationTimestamp, first.metadata.creationTimestamp);
    const third = await platform.apply<"AccessGrant">(
      { ...second, spec: { code: "other" } },
      signal,
    );
    assert.equal(third.metadata.generation, 2);
    assert.deepEqual(third.status, status);
  });

  test("made anew it has another uid", async () => {
    const first = await platform.apply(makeGrant("g"), signal);
    await platform.remove("AccessGrant", "g", signal);
    const { metadata } = await platform.apply(makeGrant("g"), signal);
    assert.notEqual(metadata.uid, first.metadata.uid);
    assert.equal(metadata.generation, 1);
  });

  for (const make of [makeSite, makeGrant, makeSecret]) {
    const { kind } = make("");
    test(`compare-and-set of a ${kind}`, async () => {
      const first = await platform.apply(make("x"), signal);
      const label = (value: string, resourceVersion?: string) => {
        const resource = make("x");
        Object.assign(resource.metadata, { labels: { value }, resourceVersion });
        return platform.apply<Kind>(resource, signal);
      };
      const second = await label("a", first.metadata.resourceVersion);
      assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
      await assert.rejects(label("b", first.metadata.resourceVersion), isConflict);
      await assert.rejects(label("b", ""), isConflict);
      assert.deepEqual((await stored(kind, "x")).metadata.labels, { value: "a" });
      await label("c");
      await platform.remove(kind, "x", signal);
      await assert.rejects(label("d", second.metadata.resourceVersion), isConflict);
      assert.equal(await platform.get(kind, "x", signal), undefined);
      await label("e", "");
      assert.deepEqual((await stored(kind, "x")).metadata.labels, { value: "e" });
    });
  }

  test("of 50 writers at once none overwrites another", async () => {
    await platform.apply(makeGrant("g"), signal);
    const other = await opened.again();
    await Promise.all(
      Array.from({ length: 50 }, (_, writer) => increment(writer % 2 ? platform : other, "g", 1)),
    );
    assert.equal((await stored("AccessGrant", "g")).status?.redemptions, 50);
  });

  test("of 10 that create it only if absent one does", async () => {
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, writer) => {
      const grant = makeGrant("g");
      grant.metadata.resourceVersion = "";
      grant.spec!.code = `code of ${writer}`;
      return platform.apply(grant, signal);
    }));
    const made = results.filter((result) => result.status === "fulfilled");
    assert.equal(made.length, 1);
    for (const result of results) assert.ok(made.includes(result as never) || isConflict(result));
  });

  for (const name of ["../../etc/x", "a/b", "..", "", "A", "a\0b", "-a", "a".repeat(254)]) {
    test(`${JSON.stringify(name.slice(0, 12))} is the name of nothing`, async () => {
      await assert.rejects(
        platform.apply(makeGrant(name), signal),
        (error) => isAppError(error, "invalid-value"),
      );
      assert.equal(await platform.get("AccessGrant", name, signal), undefined);
      await platform.remove("AccessGrant", name, signal);
    });
  }

  test("an aborted call ends with the signal's reason", async () => {
    const reason = new Error("enough");
    const aborted = AbortSignal.abort(reason);
    const isReason = (error: unknown) => error === reason;
    await assert.rejects(platform.get("Site", "x", aborted), isReason);
    await assert.rejects(platform.list("Site", aborted), isReason);
    await assert.rejects(platform.apply(makeSite("x"), aborted), isReason);
    await assert.rejects(platform.remove("Site", "x", aborted), isReason);
    assert.deepEqual(await platform.list("Site", signal), []);
  });

  describe("watch()", () => {
    test("yields the list at once, then what another handle changes", async () => {
      await platform.apply(makeGrant("a"), signal);
      const other = await opened.again();
      const watch = new Watch(platform);
      assert.deepEqual(await watch.until((names) => names.length === 1), ["a"]);
      await other.apply(makeGrant("b"), signal);
      assert.deepEqual(await watch.until((names) => names.length === 2), ["a", "b"]);
      await other.remove("AccessGrant", "a", signal);
      assert.deepEqual(await watch.until((names) => names.length === 1), ["b"]);
      await watch.end();
    });

    test("of nothing yields nothing, and then what comes", async () => {
      const watch = new Watch(platform);
      await watch.until((names) => names.length === 0);
      await platform.apply(makeGrant("a"), signal);
      await watch.until((names) => names.length === 1);
      await watch.end();
    });

    test("yields no list twice, nor one for another kind's change", async () => {
      const watch = new Watch(platform);
      await watch.until((names) => names.length === 0);
      await platform.apply(makeSecret("s"), signal);
      const grant = await platform.apply(makeGrant("a"), signal);
      await platform.apply(grant, signal);
      await platform.apply(makeGrant("b"), signal);
      await watch.until((names) => names.length === 2);
      await watch.end();
      assert.ok(watch.yields <= 3, `${watch.yields} lists`);
    });

    test("with a name yields that one alone, from its making until it is gone", async () => {
      await platform.apply(makeGrant("a"), signal);
      const watch = new Watch(platform, "b");
      assert.deepEqual(await watch.until(() => true), []);
      await platform.apply(makeGrant("c"), signal);
      await platform.apply(makeGrant("b"), signal);
      assert.deepEqual(await watch.until(() => true), ["b"]);
      await platform.apply(makeGrant("d"), signal);
      await platform.remove("AccessGrant", "b", signal);
      assert.deepEqual(await watch.until(() => true), []);
      await watch.end();
      assert.equal(watch.yields, 3);
    });

    test("never goes back in time, and ends with the last state", async () => {
      await platform.apply(makeGrant("g"), signal);
      const end = new AbortController();
      const seen: number[] = [];
      const writing = increment(await opened.again(), "g", 100);
      for await (const [grant] of platform.watch("AccessGrant", end.signal)) {
        seen.push(grant!.status?.redemptions ?? 0);
        if (seen.at(-1) === 100) end.abort();
      }
      await writing;
      assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    });

    test("ends when its signal aborts, before, between and while it is waited for", async () => {
      for await (const _ of platform.watch("Site", AbortSignal.abort())) assert.fail();
      const end = new AbortController();
      for await (const _ of platform.watch("Site", end.signal)) end.abort();
      const watch = new Watch(platform);
      await watch.until((names) => names.length === 0);
      await watch.end();
    });

    test("ends when no one listens any more", async () => {
      for await (const _ of platform.watch("Site", signal)) break;
    });
  });

  async function stored<K extends Kind>(kind: K, name: string): Promise<ResourceOf<K>> {
    const resource = await platform.get(kind, name, signal);
    assert.ok(resource);
    return resource;
  }
}

/** A watch of the grants, in the background. */
class Watch {
  yields = 0;
  readonly #end = new AbortController();
  readonly #lists: AsyncIterator<AccessGrant[]>;

  constructor(platform: Platform, name?: string) {
    this.#lists = platform.watch("AccessGrant", this.#end.signal, name)[Symbol.asyncIterator]();
  }

  /** The names of the first list that passes. */
  async until(passes: (names: string[]) => boolean): Promise<string[]> {
    for (;;) {
      const { done, value } = await this.#lists.next();
      assert.ok(!done, "the watch ended");
      this.yields++;
      const names = value.map((grant: AccessGrant) => grant.metadata.name);
      if (passes(names)) return names;
    }
  }

  /** Aborts while the next list is waited for, and sees that the watch ends. */
  async end(): Promise<void> {
    const next = this.#lists.next();
    this.#end.abort();
    assert.equal((await next).done, true);
  }
}

function isConflict(error: unknown): boolean {
  return isAppError((error as { reason?: unknown }).reason ?? error, "conflict");
}

function isGone(error: unknown): boolean {
  return isAppError(error, "site-gone");
}

function makeSite(name: string): Site {
  return { apiVersion, kind: "Site", metadata: { name }, spec: { settings: {} } };
}

function makeGrant(name: string): AccessGrant {
  return { apiVersion, kind: "AccessGrant", metadata: { name }, spec: { code: "code" } };
}

function makeSecret(name: string): ResourceOf<"Secret"> {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, data: { "tls.crt": "eA==" } };
}
