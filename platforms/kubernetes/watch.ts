import { appError } from "../../src/errors/app_error.ts";
import type { Kind, ResourceOf } from "../../src/resources/kinds.ts";
import { sleep } from "../../src/runtime/clock.ts";
import { backOffMs } from "../../src/wait/retry.ts";
import type { ApiClient } from "./api_client.ts";
import { isExpired, isPassing } from "./api_errors.ts";
import { readList, type ResourceList, sortByName, toResource } from "./resource_list.ts";

/** One line of a watch. */
interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: {
    metadata?: { name?: string; resourceVersion?: string };
    code?: number;
    message?: string;
  };
}

/** etcd stores objects of at most 1.5 MiB. */
const maxLineLength = 16 * 1024 * 1024;

/** How long a server that does not end a watch in time is given beyond it. */
const graceMs = 15_000;

/**
 * `Platform.watch` over the API: list, then watch from the list's version on. A watch that breaks goes on
 * from the last version seen, with back-off, for as long as the signal lasts; one that is too old (410
 * Gone) begins with a new list. Throws what the first list throws, and later what can't pass by itself.
 */
export async function* watchList<K extends Kind>(
  api: ApiClient,
  kind: K,
  namespace: string,
  signal: AbortSignal,
): AsyncGenerator<ResourceOf<K>[]> {
  let known: ResourceList<K> | undefined;
  let isCurrent = false;
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (known === undefined || !isCurrent) {
        const list: ResourceList<K> = await readList(api, kind, namespace, signal);
        const isNews: boolean = known === undefined || !isSame(known, list);
        known = list;
        isCurrent = true;
        if (isNews) yield snapshot(list);
      }
      for await (const isNews of follow(api, kind, namespace, known, signal)) {
        failures = 0;
        if (isNews) yield snapshot(known);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isExpired(error)) isCurrent = false;
      else if (known === undefined || !isPassing(error)) throw error;
    }
    await sleep(backOffMs(++failures), signal).catch(() => {});
  }
}

/** Keeps the list up to date from one watch; yields after each piece of it whether the list changed. */
async function* follow<K extends Kind>(
  api: ApiClient,
  kind: K,
  namespace: string,
  list: ResourceList<K>,
  signal: AbortSignal,
): AsyncGenerator<boolean> {
  // not all watches of all clients are to end at once
  const timeoutSeconds = 240 + Math.floor(Math.random() * 60);
  const { resourceVersion } = list;
  const query = {
    watch: "1",
    allowWatchBookmarks: "true",
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
  };
  const answer = await api.open({ verb: "watch", kind, namespace, query }, signal);
  const limit = setTimeout(answer.close, timeoutSeconds * 1000 + graceMs);
  signal.addEventListener("abort", answer.close, { once: true });
  try {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of answer.response) {
      signal.throwIfAborted();
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop()!;
      if (rest.length > maxLineLength) throw new RangeError("a line of it is longer than 16 MiB");
      let isNews = false;
      for (const line of lines) isNews = take(api, kind, list, line) || isNews;
      if (lines.length > 0) yield isNews;
    }
  } catch (error) {
    throw api.describeFailure(error);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener("abort", answer.close);
    answer.close();
  }
}

/** Enters one line into the list; true if that changed a resource. */
function take<K extends Kind>(
  api: ApiClient,
  kind: K,
  list: ResourceList<K>,
  line: string,
): boolean {
  const { type, object } = parseEvent(api, line);
  if (type === "ERROR") {
    const { code: status = 500, message = "the watch failed" } = object;
    throw appError("api-failed", { url: api.url, status, message });
  }
  const { name, resourceVersion } = object.metadata ?? {};
  if (resourceVersion === undefined) {
    throw appError("api-answer-invalid", { url: api.url, why: "an event has no version" });
  }
  list.resourceVersion = resourceVersion;
  if (type === "BOOKMARK" || name === undefined) return false;
  if (type === "DELETED") return list.items.delete(name);
  if (list.items.get(name)?.metadata.resourceVersion === resourceVersion) return false;
  list.items.set(name, toResource(kind, object));
  return true;
}

function parseEvent(api: ApiClient, line: string): WatchEvent {
  try {
    const event = JSON.parse(line);
    if (typeof event?.object === "object" && event.object !== null) return event;
  } catch {
    // said below
  }
  throw appError("api-answer-invalid", { url: api.url, why: "a line of a watch is no event" });
}

function isSame<K extends Kind>(a: ResourceList<K>, b: ResourceList<K>): boolean {
  return a.items.size === b.items.size &&
    [...b.items].every(([name, { metadata }]) =>
      a.items.get(name)?.metadata.resourceVersion === metadata.resourceVersion
    );
}

/** The list as it is now, the receiver's own. */
function snapshot<K extends Kind>(list: ResourceList<K>): ResourceOf<K>[] {
  return structuredClone(sortByName(list.items.values()));
}
