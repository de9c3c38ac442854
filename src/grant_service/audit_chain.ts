import { createHash } from "node:crypto";
import type { Now } from "../runtime/clock.ts";
import type { Audit, AuditEvent } from "./audit.ts";

/** An event as it stands on record. */
export interface AuditRecord extends AuditEvent {
  /** Counts the records of a chain, from 1 on. */
  seq: number;
  /** What `hashOf` makes of the record before; `firstPrevious` in the first one of a chain. */
  previous: string;
  /** RFC 3339. */
  time: string;
}

/** Where a chain ends. */
export interface ChainHead {
  seq: number;
  hash: string;
}

/** What the first record of a chain says of the one before. */
export const firstPrevious: string = "0".repeat(64);

/** Where a chain ends that has no record yet. */
export const emptyChain: ChainHead = { seq: 0, hash: firstPrevious };

/** SHA-256 of a record's line without its end, in hexadecimal. */
export function hashOf(line: string): string {
  return createHash("sha256").update(line).digest("hex");
}

/** Writes events as records, each of which names the one before by its hash. */
export class AuditChain {
  #head: ChainHead;

  constructor(head: ChainHead = emptyChain) {
    this.#head = head;
  }

  /** The number of the last record. */
  get seq(): number {
    return this.#head.seq;
  }

  /** The event's record as one line of JSON, without its end. */
  append(event: AuditEvent, time: string): string {
    const seq = this.#head.seq + 1;
    const line = JSON.stringify({ time, ...event, seq, previous: this.#head.hash });
    this.#head = { seq, hash: hashOf(line) };
    return line;
  }
}

/**
 * An audit that gives each event to `write` as one line of JSON, its time first, and last what
 * chains it to the one before.
 */
export function auditTo(
  write: (line: string) => void,
  now: Now = Date.now,
  chain: AuditChain = new AuditChain(),
): Audit {
  return (event) => write(chain.append(event, new Date(now()).toISOString()));
}

/** What is wrong in a chain, at a line of what was read. */
export interface ChainFault {
  /** Counted from 1. */
  line: number;
  why: string;
}

/** What `judgeChains` found. */
export interface ChainVerdict {
  records: number;
  /** How many chains there are; each start of a controller on a cluster begins one. */
  chains: number;
  /** The first record's number: what is before it is kept elsewhere, or gone. */
  first?: number;
  head?: ChainHead;
  faults: ChainFault[];
}

/** The record in a line; undefined for a line of something else. */
export function parseRecord(line: string): AuditRecord | undefined {
  try {
    const value = JSON.parse(line);
    return Number.isSafeInteger(value?.seq) && typeof value.previous === "string" &&
        typeof value.event === "string" && typeof value.time === "string"
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Judges the records among the lines: each must follow on the one before, or begin a chain. Lines
 * of something else are passed over, but for those that are cut off. `isPure` says that there must
 * be nothing but the records of one chain.
 */
export async function judgeChains(
  lines: AsyncIterable<string> | Iterable<string>,
  isPure: boolean,
): Promise<ChainVerdict> {
  const verdict: ChainVerdict = { records: 0, chains: 0, faults: [] };
  let number = 0;
  for await (const line of lines) {
    number++;
    const record = parseRecord(line);
    if (record === undefined) {
      if (isPure) verdict.faults.push({ line: number, why: "it is not a record" });
      else if (isCutOff(line)) verdict.faults.push({ line: number, why: "it is cut off" });
      continue;
    }
    const why = breach(record, verdict.head, isPure);
    if (why !== undefined) verdict.faults.push({ line: number, why });
    if (verdict.head === undefined || record.seq === 1) verdict.chains++;
    verdict.first ??= record.seq;
    verdict.records++;
    verdict.head = { seq: record.seq, hash: hashOf(line) };
  }
  return verdict;
}

/** True for the beginning of a line of the log, or of a record. */
function isCutOff(line: string): boolean {
  if (!line.startsWith('{"time":')) return false;
  try {
    JSON.parse(line);
    return false;
  } catch {
    return true;
  }
}

/** Why a record can't come after what ends there; undefined if it can. */
function breach(
  { seq, previous }: AuditRecord,
  head: ChainHead | undefined,
  isOne: boolean,
): string | undefined {
  if (head === undefined) return undefined; // what is before it is not at hand
  if (!isOne && seq === 1 && previous === firstPrevious) return undefined;
  if (seq !== head.seq + 1) {
    return `record ${seq} follows on record ${head.seq}`;
  }
  return previous === head.hash
    ? undefined
    : `record ${head.seq} before it is not the one that was written: its hash differs`;
}
