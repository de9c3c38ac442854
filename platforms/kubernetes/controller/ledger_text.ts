import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Ledger } from "../../../src/grant_service/ledger/ledger.ts";

/**
 * The most bytes that a ledger may have when it is unpacked: far more than a Secret holds. A gzip
 * stream can be made to unpack into more than memory does.
 */
const maxLedgerBytes = 64 * 1024 * 1024;

/** Most of a ledger is random: trying harder takes longer and saves next to nothing. */
const gzipLevel = 3;

/**
 * A ledger as it stands in a Secret, base64. Compressed, since a Secret holds 1 MiB: that is some
 * 10,000 redemptions, or answers under way to 1,000 clients that made no key.
 */
export async function writeLedger(ledger: Ledger): Promise<string> {
  const redemptions = ledger.redemptions.map(({ answer, ...redemption }) =>
    // each write holds the whole ledger, so delivered answers can be left out at once
    answer === undefined || redemption.delivered ? redemption : { ...redemption, answer }
  );
  const text = JSON.stringify({ ...ledger, redemptions });
  return (await promisify<string, object, Buffer>(gzip)(text, { level: gzipLevel })).toString(
    "base64",
  );
}

/** Reads what `writeLedger` wrote; throws an Error for anything else. */
export async function readLedger(text: string): Promise<Ledger> {
  const bytes = Buffer.from(text, "base64");
  const ledger = JSON.parse(
    (await promisify(gunzip)(bytes, { maxOutputLength: maxLedgerBytes })).toString("utf8"),
  );
  if (typeof ledger?.grantUid !== "string" || !Array.isArray(ledger.redemptions)) {
    throw new Error("it is no ledger");
  }
  return ledger;
}
