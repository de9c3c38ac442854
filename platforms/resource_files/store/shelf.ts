import { createHash } from "node:crypto";
import type { AppError } from "../../../src/errors/app_error.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import type { FoundResource } from "./resource_reader.ts";

/** A resource as it is served, and what it was read from. */
export interface ShelfEntry<K extends Kind> {
  resource: ResourceOf<K>;
  /** Where it stands in the namespace's input. */
  input?: FoundResource<K> | undefined;
  /** What our own state holds of it. */
  record?: FoundResource<K> | undefined;
}

/** What a shelf holds of a kind, by name. */
export interface ShelfReading<K extends Kind> {
  entries: Map<string, ShelfEntry<K>>;
  problems: AppError[];
  /** There are records of resources that are gone: `sweep` removes them. */
  stale?: boolean;
}

/**
 * Keeps resources of some kinds as files. Who writes, removes or sweeps holds the namespace's lock.
 */
export interface Shelf {
  /** All of the kind, or just the one of that name. */
  read<K extends Kind>(kind: K, name?: string): Promise<ShelfReading<K>>;
  /** Stores the resource in the place of `before`; with `dryRun` it only sees whether it could. */
  write<K extends Kind>(
    resource: ResourceOf<K>,
    before: ShelfEntry<K> | undefined,
    dryRun: boolean,
  ): Promise<void>;
  remove<K extends Kind>(entry: ShelfEntry<K>): Promise<void>;
}

/**
 * The problems of what was written for a user, or copied from a user's file: a field that has no
 * effect is told of where the user wrote it, and nowhere else.
 */
export function withoutFields(problems: AppError[]): AppError[] {
  return problems.filter(({ code }) => code !== "field-unknown");
}

/** A resourceVersion: another one for other content. */
export function contentVersion(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16);
}

/** A copy as a file gives it back: without what is undefined. */
export function copyAsStored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** A copy of what a user writes of a resource: all but what the platform sets. */
export function withoutState<R extends ResourceOf<Kind>>(resource: R, namespace: string): R {
  const copy = copyAsStored(resource);
  delete copy.status;
  delete copy.metadata.uid;
  delete copy.metadata.resourceVersion;
  delete copy.metadata.generation;
  delete copy.metadata.creationTimestamp;
  delete copy.metadata["ownerReferences"]; // the namespace and its site are one
  delete copy.metadata["ownerReferences"]; // the namespace and its site are one
  copy.metadata.namespace = namespace;
  return copy;
}
