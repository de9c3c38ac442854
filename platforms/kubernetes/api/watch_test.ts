import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { after, before, test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import {
  FakeApiServer,
  makeSite,
  refuse,
  reply,
  type SeenRequest,
} from "../../../test/fakes/kube_api_server.ts";
import type { ApiClient } from "./client.ts";
import { listRequest, readList } from "./list.ts";
import { watchList } from "./watch.ts";

const signal = new AbortController().signal;

let fake: FakeApiServer;
let api: ApiClient;

before(async () => {
  fake = await FakeApiServer.start(() => {});
  api = await fake.connect();
});

after(() => fake.close());

/** A line of a watch. */
function line(type: string, name: string, version: number): string {
  return `${JSON.stringify({ type, object: makeSite(name, String(version)) })}\n`;
}

const bookmark = (version: number) =>
  `${
    JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: `${version}` } } })
  }\n`;

function list(response: ServerResponse, names: string[], version: number): void {
  reply(response, 200, {
    kind: "SiteList",
    metadata: { resourceVersion: String(version) },
    items: names.map((name, index) => makeSite(name, String(index + 1))),
  });
}

function isWatch({ query }: SeenRequest): boolean {
  return query.has("watch");
}

function breakOff(response: ServerResponse): void {
  (response.socket as Socket).destroy();
}

/** The names of the lists a watch yields until one passes. */
async function collect(
  passes: (names: string[]) => boolean,
  namespace = "default",
): Promise<string[][]> {
  const end = new AbortController();
  const seen: string[][] = [];
  for await (const sites of watchList(api, listRequest("Site", namespace), end.signal)) {
    seen.push(sites.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`));
    if (passes(sites.map(({ metadata }) => metadata.name))) end.abort();
  }
  return seen;
}

test("a list is read in pages, in the order of names", async () => {
  fake.requests.length = 0;
  fake.behaviour = ({ query }, response) => {
    const token = query.get("continue");
    const page = { null: ["c", "a"], two: ["b"], three: [] }[token ?? "null"]!;
    const next = { null: "two", two: "three", three: "" }[token ?? "null"];
    reply(response, 200, {
      metadata: { resourceVersion: "7", continue: next },
      items: page.map((name) => makeSite(name, "1")),
    });
  };
  const { items, resourceVersion } = await readList(api, "Site", "default", signal);
  assert.deepEqual([...items.keys()], ["c", "a", "b"]);
  assert.equal(resourceVersion, "7");
  assert.equal(fake.requests.length, 3);
});

test("a list whose pages have become too old is read anew", async () => {
  let lists = 0;
  fake.behaviour = ({ query }, response) => {
    if (query.get("continue") === "1") return refuse(response, 410, { reason: "Expired" });
    if (query.get("continue") === "2") return list(response, ["b"], 7);
    reply(response, 200, {
      metadata: { resourceVersion: "7", continue: String(++lists) },
      items: [makeSite("a", "1")],
    });
  };
  const { items } = await readList(api, "Site", "default", signal);
  assert.deepEqual([...items.keys()], ["a", "b"]);
});

test("a list that is none is refused", async () => {
  for (const body of [{}, null, { items: [] }, { metadata: { resourceVersion: "1" } }]) {
    fake.behaviour = (_request, response) => reply(response, 200, body);
    await assert.rejects(
      readList(api, "Site", "default", signal),
      (error) => isAppError(error, "api-answer-invalid"),
    );
  }
});

test("a watch cut at any byte loses nothing and doubles nothing", async () => {
  const events = [
    { version: 11, text: line("ADDED", "b", 11) },
    { version: 12, text: line("MODIFIED", "a", 12) },
    { version: 13, text: bookmark(13) },
    { version: 14, text: line("DELETED", "b", 14) },
    { version: 15, text: line("ADDED", "end", 15) },
  ];
  const whole = events.map(({ text }) => text).join("");
  const watches = new Map<string, number>();
  const lists = new Map<string, number>();
  const raise = (counts: Map<string, number>, namespace: string) => {
    counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
    return counts.get(namespace);
  };
  fake.behaviour = (request, response) => {
    const [, namespace] = /namespaces\/([^/]+)/.exec(request.path)!;
    if (!isWatch(request)) {
      raise(lists, namespace!);
      return list(response, ["a"], 10);
    }
    const from = Number(request.query.get("resourceVersion"));
    const text = events.filter(({ version }) => version > from).map(({ text }) => text).join("");
    response.writeHead(200);
    if (raise(watches, namespace!)! > 1) return void response.write(text);
    response.write(text.slice(0, Number(namespace)));
    setTimeout(() => breakOff(response), 5);
  };
  async function cutAt(byte: number): Promise<void> {
    const seen = await collect((names) => names.includes("end"), String(byte));
    assert.equal(lists.get(String(byte)), 1, "listed once");
    assert.deepEqual(seen[0], ["a@1"]);
    assert.deepEqual(seen.at(-1), ["a@12", "end@15"]);
    const states = seen.map((names) => names.join());
    assert.equal(new Set(states).size, states.length, `doubled: ${states.join(" | ")}`);
  }
  for (let byte = 0; byte <= whole.length; byte += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, more) => cutAt(byte + more)));
  }
});

test("a watch whose version is too old begins with a new list, and yields it if it is news", async () => {
  const gone = `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410 } })}\n`;
  let watches = 0;
  fake.behaviour = (request, response) => {
    if (!isWatch(request)) return list(response, watches < 2 ? ["a"] : ["a", "end"], 10 + watches);
    watches++;
    if (watches === 1) return void response.end(gone);
    if (watches === 2) return refuse(response, 410, { reason: "Expired" });
  };
  const seen = await collect((names) => names.includes("end"));
  assert.deepEqual(seen, [["a@1"], ["a@1", "end@2"]]);
});

test("a watch goes on from the last bookmark", async () => {
  const versions: (string | null)[] = [];
  fake.behaviour = (request, response) => {
    if (!isWatch(request)) return list(response, ["a"], 10);
    versions.push(request.query.get("resourceVersion"));
    assert.equal(request.query.get("allowWatchBookmarks"), "true");
    if (versions.length === 1) return void response.end(bookmark(500));
    response.write(line("ADDED", "end", 501));
  };
  await collect((names) => names.includes("end"));
  assert.deepEqual(versions, ["10", "500"]);
});

test("a watch outlives a server that restarts, fails or is busy", async () => {
  let watches = 0;
  fake.behaviour = (request, response) => {
    if (!isWatch(request)) return list(response, ["a"], 10);
    watches++;
    if (watches === 1) return breakOff(response);
    if (watches < 10) return refuse(response, watches % 2 ? 500 : 503);
    if (watches === 10) return refuse(response, 429, {}, { "retry-after": "1" });
    response.write(line("ADDED", "end", 11));
  };
  const seen = await collect((names) => names.includes("end"));
  assert.deepEqual(seen, [["a@1"], ["a@1", "end@11"]]);
});

test("changes that arrive together come as one list", async () => {
  fake.behaviour = (request, response) => {
    if (!isWatch(request)) return list(response, [], 10);
    const many = Array.from({ length: 50 }, (_, index) => line("ADDED", `s${index}`, 11 + index));
    response.write(many.join(""));
  };
  const seen = await collect((names) => names.length === 50);
  assert.ok(seen.length < 10, `${seen.length} lists`);
});

test("names of many bytes survive being cut between them", async () => {
  const object = makeSite("end", "11");
  Object.assign(object["metadata"] as object, { annotations: { text: "äöü€😀".repeat(20) } });
  const bytes = new TextEncoder().encode(`${JSON.stringify({ type: "ADDED", object })}\n`);
  fake.behaviour = (request, response) => {
    if (!isWatch(request)) return list(response, [], 10);
    let sent = 0;
    const timer = setInterval(() => {
      response.write(bytes.slice(sent, ++sent));
      if (sent === bytes.length) clearInterval(timer);
    }, 0);
  };
  const end = new AbortController();
  for await (const [site] of watchList(api, listRequest("Site", "default"), end.signal)) {
    if (site === undefined) continue;
    assert.equal(site.metadata.annotations?.["text"], "äöü€😀".repeat(20));
    end.abort();
  }
});

test("a watch ends with what can't pass by itself", async () => {
  fake.behaviour = (_request, response) => refuse(response, 503);
  await assert.rejects(collect(() => false), (error) => isAppError(error, "api-failed"));
  for (const [status, code] of [[403, "request-denied"], [401, "unauthenticated"]] as const) {
    fake.behaviour = (request, response) =>
      isWatch(request) ? refuse(response, status) : list(response, ["a"], 10);
    await assert.rejects(collect(() => false), (error) => isAppError(error, code));
  }
  for (const text of ["no JSON\n", "{}\n", "null\n", '{"type":"ADDED","object":{}}\n']) {
    fake.behaviour = (request, response) =>
      isWatch(request) ? void response.write(text) : list(response, ["a"], 10);
    await assert.rejects(collect(() => false), (error) => isAppError(error, "api-answer-invalid"));
  }
});

test("a watch that is given up gives its connection up", async () => {
  const closed = Promise.withResolvers<void>();
  fake.behaviour = (request, response) => {
    if (!isWatch(request)) return list(response, ["a"], 10);
    response.on("close", closed.resolve);
    response.write(line("ADDED", "b", 11));
  };
  for await (const sites of watchList(api, listRequest("Site", "default"), signal)) {
    if (sites.length === 2) break;
  }
  await closed.promise;
});
