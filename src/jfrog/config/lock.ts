import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { appError } from "../../errors/app_error.ts";
import { sleep } from "../../runtime/clock.ts";
import { explainSystemError, systemErrorCode } from "../../runtime/system_error.ts";
import { whileAwaiting } from "../../wait/deadline.ts";
import { formatDuration } from "../../wait/duration.ts";
import { makePrivateFolder } from "../../runtime/files.ts";

/** How patient a lock is; jf waits 1,201 times 100 ms. */
export interface LockPace {
  waitMs: number;
  pauseMs: number;
  /** How long a jf that has chosen its time may take to make its file. */
  settleMs: number;
}

const standardPace: LockPace = { waitMs: 120_000, pauseMs: 50, settleMs: 5 };

interface LockFile {
  path: string;
  pid: number;
  /** Nanoseconds since 1970. */
  time: bigint;
}

/**
 * Lock files of this process: a file with its pid that is not here is left from an earlier process.
 */
const own = new Set<string>();

/**
 * Runs `body` under jf's lock of the configuration (docs/spec/jfrog.md 3.4): an empty file whose
 * name has pid and time; the earliest time goes first, and the file of a process that is no more is
 * taken away.
 *
 * jf trusts the times alone. Whoever has chosen an earlier time, but makes its file later, finds
 * one that is alone already and has begun. So we, too, look after our file is made, and step back
 * with a new time where a later one is there: of two of us, at least one sees the other's file.
 *
 * Throws `jfrog-config-locked`, `not-writable`, and the signal's reason.
 */
export async function withConfigLock<R>(
  home: string,
  signal: AbortSignal,
  body: () => Promise<R>,
  pace: LockPace = standardPace,
): Promise<R> {
  const folder = join(home, "locks", "config");
  await makePrivateFolder(folder);
  const path = await acquire(folder, signal, pace).catch((error) => {
    throw whileAwaiting(error, `the lock of the JFrog configuration in ${folder}`);
  });
  try {
    return await body();
  } finally {
    await release(path);
  }
}

async function acquire(folder: string, signal: AbortSignal, pace: LockPace): Promise<string> {
  const until = performance.now() + pace.waitMs;
  for (;;) {
    const mine = await makeLockFile(folder);
    try {
      const later = (await othersAlive(folder, mine)).find(({ time }) => time >= mine.time);
      if (later === undefined) {
        await waitForTurn(mine, folder, until, signal, pace);
        return mine.path;
      }
      checkPatience(until, folder, later, pace);
    } catch (error) {
      await release(mine.path);
      throw error;
    }
    await release(mine.path);
    await sleep(pace.pauseMs, signal);
  }
}

async function waitForTurn(
  mine: LockFile,
  folder: string,
  until: number,
  signal: AbortSignal,
  pace: LockPace,
): Promise<void> {
  await sleep(pace.settleMs, signal);
  for (;;) {
    const before = (await othersAlive(folder, mine)).find(({ time }) => time < mine.time);
    if (before === undefined) return;
    checkPatience(until, folder, before, pace);
    await sleep(pace.pauseMs, signal);
  }
}

function checkPatience(until: number, folder: string, holder: LockFile, pace: LockPace): void {
  if (performance.now() < until) return;
  const after = formatDuration(pace.waitMs);
  throw appError("jfrog-config-locked", { folder, pid: holder.pid, after });
}

async function makeLockFile(folder: string): Promise<LockFile> {
  for (;;) {
    const time = BigInt(Date.now()) * 1_000_000n + process.hrtime.bigint() % 1_000_000n;
    const path = join(folder, `jfrog-cli.conf.lck.${process.pid}.${time}`);
    if (own.has(path)) continue;
    own.add(path); // before it is there for another call to find
    try {
      await (await open(path, "w", 0o600)).close();
    } catch (cause) {
      own.delete(path);
      throw appError("not-writable", { path, why: explainSystemError(cause) }, { cause });
    }
    return { path, pid: process.pid, time };
  }
}

async function release(path: string): Promise<void> {
  await rm(path, { force: true });
  own.delete(path);
}

/** The other lock files; those of processes that are no more are taken away. */
async function othersAlive(folder: string, mine: LockFile): Promise<LockFile[]> {
  const alive: LockFile[] = [];
  for (const name of await readdir(folder)) {
    const [, pid, time] = /^[^.]*\.[^.]*\.[^.]*\.(\d+)\.(\d+)$/.exec(name) ?? [];
    const path = join(folder, name);
    if (pid === undefined || time === undefined || path === mine.path) continue;
    const other = { path, pid: Number(pid), time: BigInt(time) };
    if (isAlive(other)) alive.push(other);
    else await rm(path, { force: true });
  }
  return alive;
}

function isAlive({ path, pid }: LockFile): boolean {
  if (pid === process.pid) return own.has(path);
  if (pid === 0) return false; // as a target of signals it is this process's own group
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}
