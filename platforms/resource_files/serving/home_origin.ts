import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import type { LedgerStore } from "../../../src/grant_service/ledger/backing.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { writeWhole } from "../../../src/runtime/files.ts";

/** What a data home says of itself. */
interface Origin {
  /** When its witness came to be, in milliseconds since 1970. */
  bornMs: number;
  /** Uids of the grants that were in a copy when it was put back. */
  closed: string[];
}

/** Longer than the clock by which a file system notes changes stands still. */
const clockTickMs = 20;

/** No copy is made so soon after a home. */
const toleranceMs = 1000;

/**
 * The grants of a data home that give nothing any more, since it was put back from a copy with them
 * in it: who knows what was spent meanwhile. A copy is told by an empty file, the witness, that no
 * program touches: when a file came to be is nothing that a copy takes along. `listGrants` gives
 * the uids of all grants there are. Nothing is told where the file system does not keep that time,
 * or was put back itself. Without the file `origin.json` all is taken for as it should be. Throws
 * what the file system does.
 */
export async function closeGrantsOfCopy(
  folder: string,
  listGrants: () => Promise<string[]>,
): Promise<string[]> {
  const witness = join(folder, "origin");
  const file = join(folder, "origin.json");
  const known = await readOrigin(file);
  const bornMs = await bornAt(witness);
  const isKnown = known !== undefined && bornMs !== undefined;
  if (isKnown && Math.abs(bornMs - known.bornMs) <= toleranceMs) return known.closed;
  const before = known?.closed ?? [];
  if (isKnown && !await keepsBirth(witness)) return before;
  const closed = isKnown ? [...new Set([...before, ...await listGrants()])] : before;
  if (bornMs === undefined) await writeWhole(witness, "", { mode: 0o600, replace: "always" });
  const origin: Origin = { bornMs: bornMs ?? await bornAt(witness) ?? 0, closed };
  await writeWhole(file, `${JSON.stringify(origin)}\n`, { mode: 0o600, replace: "always" });
  return closed;
}

/** The ledgers without those of the closed grants: to read one throws `ledger-outdated`. */
export function withoutClosed(ledgers: LedgerStore, closed: ReadonlySet<string>): LedgerStore {
  return {
    // deno-lint-ignore require-await -- where it throws, the promise is to
    async read(grantUid) {
      if (closed.has(grantUid)) throw appError("ledger-outdated", {});
      return ledgers.read(grantUid);
    },
    write: (ledger, version) => ledgers.write(ledger, version),
    remove: (grantUid) => ledgers.remove(grantUid),
    list: () => ledgers.list(),
  };
}

/** Milliseconds since 1970; undefined for a file that is absent. */
async function bornAt(file: string): Promise<number | undefined> {
  return await stat(file).then(({ birthtimeMs }) => birthtimeMs, () => undefined);
}

/** False where a file's birth time is but the time of its last change: that tells nothing. */
async function keepsBirth(file: string): Promise<boolean> {
  const before = await bornAt(file);
  await sleep(clockTickMs);
  await chmod(file, 0o600);
  return await bornAt(file) === before;
}

/** Undefined for a file that is absent, or not as it was written. */
async function readOrigin(file: string): Promise<Origin | undefined> {
  try {
    const origin = JSON.parse(await readFile(file, "utf8"));
    return typeof origin?.bornMs === "number" && Array.isArray(origin.closed) ? origin : undefined;
  } catch {
    return undefined;
  }
}
