import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { appError } from "../errors/app_error.ts";
import { sleep } from "./clock.ts";
import { explainSystemError, systemErrorCode } from "./system_error.ts";

/**
 * A lock between processes; the kernel lets go of it too when its process ends, however it ends.
 */
export interface HeldLock {
  /** Gives the lock up; a second call does nothing. */
  release(): void;
}

/** A database that is collected gives its lock up: those held are kept from the collector here. */
const held = new Set<DatabaseSync>();

/** Folders whose file system was seen to have locks. */
const lockable = new Set<string>();

/**
 * The line of waiting callers of this process, by path. Only one at a time contends with other
 * processes.
 */
const lines = new Map<string, (() => void)[]>();

/**
 * Takes the lock at `path`, or gives undefined if someone holds it. The file is made if need be
 * (its folder is not), stays empty and stays there. It must be touched by nothing else: POSIX locks
 * are lost when the process closes any handle of the file. Throws `data-home-unusable` where the
 * file can't be made or its file system has no locks.
 */
export function tryLock(path: string): HeldLock | undefined {
  const folder = dirname(path);
  const database = begin(path, "BEGIN EXCLUSIVE");
  if (database === undefined) {
    requireLocks(folder);
    return undefined;
  }
  lockable.add(folder);
  held.add(database);
  return {
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

/**
 * True if someone holds the lock at `path`, or is about to. Callers that look share the lock for
 * that moment, so they never take one another for a holder. Whoever takes the lock may at most have
 * to try again. Throws as `tryLock` does.
 */
export function isLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  const database = begin(path, "BEGIN; SELECT count(*) FROM sqlite_schema");
  if (database === undefined) requireLocks(dirname(path));
  database?.close();
  return database === undefined;
}

/**
 * The database, locked by those statements; undefined where SQLite says that another one has it.
 */
function begin(path: string, statements: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    makeFile(path);
    database = new DatabaseSync(path);
    // a journal in a file takes room, and a full disk has none
    database.exec(`PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; ${statements}`);
    return database;
  } catch (cause) {
    database?.close();
    // the three runtimes agree on SQLite's message, not on where its code is
    if (cause instanceof Error && cause.message.includes("database is locked")) return undefined;
    const why = explain(cause);
    throw appError("data-home-unusable", { path: dirname(path), why }, { cause });
  }
}

/**
 * Tells a lock that is held from a file system without locks (ENOLCK, as of NFS without its lock
 * service). SQLite reports both the same way, but nobody can hold a lock of a new file.
 */
function requireLocks(folder: string): void {
  if (lockable.has(folder)) return;
  const file = join(folder, `.hawser-${randomBytes(8).toString("hex")}.tmp`);
  try {
    makeFile(file);
  } catch {
    return; // who can make no file there can't find out, and others hold what they hold
  }
  try {
    const database = begin(file, "BEGIN EXCLUSIVE");
    if (database === undefined) {
      throw appError("data-home-unusable", { path: folder, why: "its file system has no locks" });
    }
    database.close();
    lockable.add(folder);
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * Takes the lock at `path`, waiting for it as long as the signal lasts; callers of this process are
 * served in order. Throws the signal's reason, and what `tryLock` throws.
 */
export async function lock(path: string, signal: AbortSignal): Promise<HeldLock> {
  const endTurn = await takeTurn(path, signal);
  try {
    for (;;) {
      const mine = tryLock(path);
      if (mine !== undefined) {
        return {
          release() {
            mine.release();
            endTurn();
          },
        };
      }
      await sleep(1 + Math.random() * 4, signal);
    }
  } catch (error) {
    endTurn();
    throw error;
  }
}

/** Resolves when this caller is first in the line. The function it gives lets the next one in. */
async function takeTurn(path: string, signal: AbortSignal): Promise<() => void> {
  signal.throwIfAborted();
  const line = lines.get(path);
  if (line === undefined) lines.set(path, []);
  else await standIn(line, signal);
  let ended = false;
  return function endTurn() {
    if (ended) return;
    ended = true;
    const next = lines.get(path)?.shift();
    if (next === undefined) lines.delete(path);
    else next();
  };
}

function standIn(line: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    line.push(enter);
    signal.addEventListener("abort", leave, { once: true });
    function enter() {
      signal.removeEventListener("abort", leave);
      resolve();
    }
    function leave() {
      line.splice(line.indexOf(enter), 1);
      reject(signal.reason);
    }
  });
}

function makeFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
}

function explain(cause: unknown): string {
  if (systemErrorCode(cause) !== undefined) return explainSystemError(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.includes("readonly") ? "it is read-only" : `no lock can be had there (${message})`;
}
