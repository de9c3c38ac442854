import { randomBytes } from "node:crypto";
import { chmod, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import type { LedgerStore } from "../../../src/grant_service/ledger/backing.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { writeWhole } from "../../../src/runtime/files.ts";
import { unlessAbsent } from "../../../src/runtime/system_error.ts";

/** What a data home says of itself. */
interface Origin {
  /** The name of its witness. */
  witness: string;
  /** When the witness came to be, in milliseconds since 1970. */
  bornMs: number;
  /** Uids of the grants that were in a copy when it was put back. */
  closed: string[];
}

/** The witness of an older version, and the beginning of every name of one. */
const firstWitness = "origin";

/** Longer than the clock by which a file system notes changes stands still. */
const clockTickMs = 20;

/** No copy is made so soon after a home. */
const toleranceMs = 1000;

/** Where a folder says where it comes from. */
export function originFile(folder: string): string {
  return join(folder, "origin.json");
}

/**
 * The grants of a data home, or of one site's state in it, that give nothing any more, since it was
 * put back from a copy with them in it: who knows what was spent meanwhile. A copy is told by an
 * empty file, the witness, that no program touches: when a file came to be is nothing that a copy
 * takes along. Each call makes another witness, of another name: so a copy of before is told too
 * where it was written over the files that were there, which leaves those as old as they are.
 * `listGrants` gives the uids of all grants there are. Nothing is told where the file system does
 * not keep that time, or was put back itself. Without the file `origin.json` all is taken for as it
 * should be; one that is damaged is taken for a copy's. Throws what the file system does.
 */
export async function closeGrantsOfCopy(
  folder: string,
  listGrants: () => Promise<string[]>,
): Promise<string[]> {
  const file = originFile(folder);
  const known = await readOrigin(file);
  const before = known === "damaged" ? [] : known?.closed ?? [];
  const closed = known !== undefined && await isOfCopy(folder, known)
    ? [...new Set([...before, ...await listGrants()])]
    : before;
  const witness = `${firstWitness}-${randomBytes(8).toString("hex")}`;
  await writeWhole(join(folder, witness), "", { mode: 0o600, replace: "never" });
  const origin: Origin = { witness, bornMs: await bornAt(join(folder, witness)) ?? 0, closed };
  await writeWhole(file, `${JSON.stringify(origin)}\n`, { mode: 0o600, replace: "always" });
  for (const name of await readdir(folder)) {
    const isFormer = name !== witness && /^origin(-[0-9a-f]{16})?$/.test(name);
    if (isFormer) await rm(join(folder, name), { force: true });
  }
  return closed;
}

/** Whether the witness is younger than it is said to be, or missing. */
async function isOfCopy(folder: string, known: Origin | "damaged"): Promise<boolean> {
  if (known === "damaged") return true;
  const witness = join(folder, known.witness);
  const bornMs = await bornAt(witness);
  if (bornMs === undefined) return true;
  return Math.abs(bornMs - known.bornMs) > toleranceMs && await keepsBirth(witness);
}

/** The ledgers without those of the closed grants: to read one throws `ledger-outdated`. */
export function withoutClosed(
  ledgers: LedgerStore,
  closed: () => Promise<ReadonlySet<string>>,
): LedgerStore {
  return {
    async read(grantUid) {
      if ((await closed()).has(grantUid)) throw appError("ledger-outdated", {});
      return await ledgers.read(grantUid);
    },
    write: (ledger, version) => ledgers.write(ledger, version),
    remove: (grantUid) => ledgers.remove(grantUid),
    list: () => ledgers.list(),
  };
}

/** Milliseconds since 1970; undefined for a file that is absent. */
async function bornAt(file: string): Promise<number | undefined> {
  return (await unlessAbsent(stat(file)))?.birthtimeMs;
}

/** False where a file's birth time is but the time of its last change: that tells nothing. */
async function keepsBirth(file: string): Promise<boolean> {
  const before = await bornAt(file);
  await sleep(clockTickMs);
  await chmod(file, 0o600);
  return await bornAt(file) === before;
}

/** Undefined for a file that is absent. */
async function readOrigin(file: string): Promise<Origin | "damaged" | undefined> {
  const text = await unlessAbsent(readFile(file, "utf8"));
  if (text === undefined) return undefined;
  try {
    const { witness = firstWitness, bornMs, closed } = JSON.parse(text);
    const isSound = typeof witness === "string" && /^origin[-0-9a-f]*$/.test(witness) &&
      typeof bornMs === "number" && Array.isArray(closed);
    return isSound ? { witness, bornMs, closed } : "damaged";
  } catch {
    return "damaged";
  }
}
