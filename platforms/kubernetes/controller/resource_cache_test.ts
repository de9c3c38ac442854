import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { FakeApiServer, makeSite, refuse, reply } from "../../../test/fakes/kube_api_server.ts";
import { ResourceCache } from "./resource_cache.ts";

let fake: FakeApiServer;
let end = new AbortController();

before(async () => {
  fake = await FakeApiServer.start(() => {});
});

afterEach(() => {
  end.abort();
  end = new AbortController();
});

after(() => fake.close());

/** What the API server lists; a watch says nothing until it is ended. */
function serve(sites: () => unknown[]): { endWatch(): void; gone(): void } {
  let endWatch = () => {};
  let isGone = false;
  fake.behaviour = ({ query }, response) => {
    if (!query.has("watch")) {
      return reply(response, 200, { metadata: { resourceVersion: "10" }, items: sites() });
    }
    if (isGone) {
      isGone = false;
      return refuse(response, 410, { reason: "Expired" });
    }
    response.writeHead(200);
    response.flushHeaders();
    endWatch = () => response.end();
  };
  return { endWatch: () => endWatch(), gone: () => void (isGone = true) };
}

/** A cache that has started, what it told, and what comes next. */
async function open(namespaces?: string[]) {
  const told: string[] = [];
  const problems: unknown[] = [];
  let wake = () => {};
  const cache = new ResourceCache({
    kind: "Site",
    namespaces,
    onChanged: (namespace, name) => (told.push(`${namespace}/${name}`), wake()),
    onProblem: (problem) => problems.push(problem),
  });
  await cache.start(await fake.connect(), end.signal);
  const change = () => new Promise<void>((resolve) => wake = resolve);
  return { cache, told, problems, change };
}

test("what the cache gives is the caller's: changing it changes nothing there", async () => {
  serve(() => [makeSite("west", "1")]);
  const { cache } = await open();
  for (const site of [cache.get("default", "west")!, ...cache.list("default")]) {
    site.status = { message: "written in vain" };
    site.metadata.resourceVersion = "2";
  }
  const { status, metadata } = cache.get("default", "west")!;
  assert.equal(status, undefined);
  assert.equal(metadata.resourceVersion, "1");
});

test("what went while nobody watched is told, and gone", async () => {
  let sites = [makeSite("east", "1"), makeSite("west", "2")];
  const { endWatch, gone } = serve(() => sites);
  const { cache, told, change } = await open();
  assert.deepEqual(told.splice(0), ["default/east", "default/west"]);
  sites = [makeSite("east", "1")];
  gone();
  const changed = change();
  endWatch();
  await changed;
  assert.deepEqual(told, ["default/west"]);
  assert.equal(cache.get("default", "west"), undefined);
  assert.deepEqual([...cache.names()], [["default", "east"]]);
});

test("a resource that can't be read is told of, and the others are there", async () => {
  serve(() => [{ ...makeSite("odd", "1"), spec: { ha: "perhaps" } }, makeSite("west", "2")]);
  const { cache, told, problems } = await open();
  assert.deepEqual(told, ["default/west"]);
  assert.deepEqual(cache.list("default").map(({ metadata }) => metadata.name), ["west"]);
  assert.ok(problems.some((problem) => isAppError(problem, "resource-invalid")));
});

test("what was written is known before the cluster tells, unless something newer is", async () => {
  serve(() => [makeSite("west", "1")]);
  const { cache } = await open();
  const written = cache.get("default", "west")!;
  written.metadata.resourceVersion = "2";
  cache.learn("default", written, "1");
  assert.equal(cache.get("default", "west")!.metadata.resourceVersion, "2");
  cache.learn(
    "default",
    { ...written, metadata: { ...written.metadata, resourceVersion: "3" } },
    "1",
  );
  assert.equal(cache.get("default", "west")!.metadata.resourceVersion, "2");
});

test("only the namespaces that are served are asked for", async () => {
  serve(() => []);
  fake.requests.length = 0;
  await open(["one", "two"]);
  const lists = fake.requests.filter(({ query }) => !query.has("watch")).map(({ path }) => path);
  assert.deepEqual(lists.sort(), [
    "/apis/skupper.io/v2alpha1/namespaces/one/sites",
    "/apis/skupper.io/v2alpha1/namespaces/two/sites",
  ]);
});
