import type { Ledger, Redemption } from "../../../src/grant_service/ledger/ledger.ts";

/** Everything of a ledger but its redemptions. */
export type LedgerHeader = Omit<Ledger, "redemptions">;

/**
 * One write of a ledger, as one line of its file. A ledger is the sum of its lines. Since a write
 * is one line, a crash leaves all of it or none.
 */
export interface LedgerRecord {
  version: number;
  /** The whole header, where it changed. */
  header?: LedgerHeader;
  /** The fields that are new or changed, by the redemption's place in the list. */
  redemptions?: [place: number, fields: Partial<Redemption>][];
}

/** A ledger and the number of the write that gave it. */
export interface VersionedLedger {
  version: number;
  ledger: Ledger;
}

/** The lines of a ledger written anew: its header, then one redemption a line. */
export function* recordsOf({ version, ledger }: VersionedLedger): Generator<LedgerRecord> {
  yield { version, header: headerOf(ledger) };
  for (const [place, redemption] of ledger.redemptions.entries()) {
    yield { version, redemptions: [[place, redemption]] };
  }
}

/**
 * What has to be appended to turn `before` into `after`; undefined if that can't be said by adding
 * fields, or must not be: an answer that went holds a key, and what is appended erases nothing.
 */
export function recordChange(
  before: Ledger,
  after: Ledger,
  version: number,
): LedgerRecord | undefined {
  const record: LedgerRecord = { version };
  const header = headerOf(after);
  if (changedFields(headerOf(before), header) !== "none") record.header = header;
  if (after.redemptions.length < before.redemptions.length) return undefined;
  const changes: LedgerRecord["redemptions"] = [];
  for (let place = 0; place < after.redemptions.length; place++) {
    const redemption = after.redemptions[place]!;
    if (redemption === before.redemptions[place]) continue;
    const fields = changedFields(before.redemptions[place] ?? {}, redemption);
    if (fields === "less") return undefined;
    if (fields !== "none") changes.push([place, fields]);
  }
  if (changes.length > 0) record.redemptions = changes;
  return record;
}

/** Adds a record to what the records before it gave; throws if it does not follow them. */
export function applyRecord(
  before: VersionedLedger | undefined,
  record: LedgerRecord,
): VersionedLedger {
  const header = record.header ?? before?.ledger;
  if (header === undefined || !Number.isInteger(record.version)) throw new Error("no header");
  const redemptions = before?.ledger.redemptions ?? [];
  for (const [place, fields] of record.redemptions ?? []) {
    if (place > redemptions.length) throw new Error(`redemption ${place} does not follow`);
    redemptions[place] = { ...redemptions[place], ...fields } as Redemption;
  }
  return { version: record.version, ledger: { ...header, redemptions } };
}

/**
 * The ledger with a list of its own, its redemptions the same: what did not change is seen at once.
 */
export function shareLedger(ledger: Ledger): Ledger {
  return { ...ledger, redemptions: ledger.redemptions.slice() };
}

/** A copy that shares nothing that can be changed. */
export function copyLedger(ledger: Ledger): Ledger {
  return { ...ledger, redemptions: ledger.redemptions.map((redemption) => ({ ...redemption })) };
}

function headerOf(ledger: Ledger): LedgerHeader {
  const { redemptions: _, ...header } = ledger;
  return header;
}

/**
 * The fields of `after` that differ; "less" if a field of `before` is gone or its text replaced.
 */
function changedFields<T extends object>(
  before: Partial<T>,
  after: T,
): Partial<T> | "none" | "less" {
  const changed: Partial<T> = {};
  for (const key in after) {
    if (after[key] === before[key]) continue;
    if (key === "answer" && before[key] !== undefined) return "less";
    changed[key] = after[key];
  }
  for (const key in before) {
    if (before[key] !== undefined && after[key] === undefined) return "less";
  }
  return Object.keys(changed).length === 0 ? "none" : changed;
}
