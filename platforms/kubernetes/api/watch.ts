import { appError } from "../../../src/errors/app_error.ts";
import { AnswerFault } from "../../../src/network/answer_fault.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { backOffMs } from "../../../src/wait/retry.ts";
import type { ApiClient } from "./client.ts";
import { isExpired, isPassing } from "./errors.ts";
import {
  keyOf,
  type ListRequest,
  type Named,
  type ObjectList,
  rangeOf,
  readObjects,
  sortByName,
} from "./list.ts";

/** One line of a watch. */
interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: {
    metadata?: { name?: string; namespace?: string; resourceVersion?: string };
    code?: number;
    message?: string;
  };
}

/** etcd stores objects of at most 1.5 MiB. */
const maxLineLength = 16 * 1024 * 1024;

/** How long a server that does not end a watch in time is given beyond it. */
const graceMs = 15_000;

/** `Platform.watch` over the API, as `followObjects`. */
export async function* watchList<K extends Kind>(
  api: ApiClient,
  request: ListRequest<ResourceOf<K>>,
  signal: AbortSignal,
): AsyncGenerator<ResourceOf<K>[]> {
  const items = new Map<string, ResourceOf<K>>();
  for await (const _ of followObjects(api, request, items, signal)) {
    // the receiver's own
    yield structuredClone(sortByName(items.values()));
  }
}

/**
 * Keeps `items` like the objects of the request for as long as the signal lasts: lists, then
 * watches from the list's version on. Yields the keys of what changed, first of all once they are
 * there. A watch that breaks goes on from the last version seen, with back-off; one that is too old
 * (410 Gone) begins with a new list. Throws what the first list throws, and later what can't pass
 * by itself.
 */
export async function* followObjects<T extends Named>(
  api: ApiClient,
  request: ListRequest<T>,
  items: Map<string, T>,
  signal: AbortSignal,
): AsyncGenerator<Set<string>> {
  let known: ObjectList<T> | undefined;
  let isFirst = true;
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (known === undefined) {
        const list = await readObjects(api, request, signal);
        const changed = replaceAll(items, list.items);
        known = { items, resourceVersion: list.resourceVersion };
        if (isFirst || changed.size > 0) yield changed;
        isFirst = false;
      }
      for await (const changed of follow(api, request, known, signal)) {
        failures = 0;
        if (changed.size > 0) yield changed;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isExpired(error)) known = undefined;
      else if (isFirst || !isPassing(error)) throw error;
    }
    await sleep(backOffMs(++failures), signal).catch(() => {});
  }
}

/**
 * Keeps the list up to date from one watch; yields after each piece of it the keys of what changed.
 */
async function* follow<T extends Named>(
  api: ApiClient,
  request: ListRequest<T>,
  list: ObjectList<T>,
  signal: AbortSignal,
): AsyncGenerator<Set<string>> {
  // not all watches of all clients are to end at once
  const timeoutSeconds = 240 + Math.floor(Math.random() * 60);
  const { target, query } = rangeOf(request);
  const answer = await api.open({
    verb: "watch",
    ...target,
    query: {
      ...query,
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: list.resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
    },
  }, signal);
  const limit = setTimeout(() => answer.close(), timeoutSeconds * 1000 + graceMs);
  request.followed?.(true);
  try {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of answer.chunks(signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop()!;
      if (rest.length > maxLineLength) throw new AnswerFault("a line of it is longer than 16 MiB");
      const changed = new Set<string>();
      for (const line of lines) {
        const key = take(api, request, list, line);
        if (key !== undefined) changed.add(key);
      }
      if (lines.length > 0) yield changed;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw api.describeFailure(error);
  } finally {
    request.followed?.(false);
    clearTimeout(limit);
    answer.close();
  }
}

/**
 * Enters one line into the list; returns the key of the object that it changed, if it changed one.
 */
function take<T extends Named>(
  api: ApiClient,
  request: ListRequest<T>,
  list: ObjectList<T>,
  line: string,
): string | undefined {
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
  if (type === "BOOKMARK" || name === undefined) return undefined;
  const key = keyOf(request, object.metadata!);
  const known = list.items.get(key);
  if (type !== "DELETED" && known?.metadata.resourceVersion === resourceVersion) return undefined;
  const item = type === "DELETED" ? undefined : request.read(object);
  if (item !== undefined) list.items.set(key, item);
  else if (!list.items.delete(key)) return undefined;
  return key;
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

/** Turns `items` into `next`; returns the keys of what that changed. */
function replaceAll<T extends Named>(items: Map<string, T>, next: Map<string, T>): Set<string> {
  const changed = new Set<string>();
  for (const key of items.keys()) {
    if (next.has(key)) continue;
    items.delete(key);
    changed.add(key);
  }
  for (const [key, item] of next) {
    if (items.get(key)?.metadata.resourceVersion === item.metadata.resourceVersion) continue;
    items.set(key, item);
    changed.add(key);
  }
  return changed;
}
