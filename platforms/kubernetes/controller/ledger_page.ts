import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { ClosedRedemptions, Redemption } from "../../../src/grant_service/ledger/ledger.ts";
import { pack, unpack, unpackAtOnce } from "./ledger_text.ts";

/** What names a page, in the head of a ledger or in the page that follows it. */
export interface PageReference {
  /** Redemptions in it and in all pages before it. */
  count: number;
  /** SHA-256 of its bytes, hex. */
  checksum: string;
}

/** What the bytes of a page say. */
interface PageContent {
  grantUid: string;
  closed?: PageReference | undefined;
  redemptions: Redemption[];
}

/** How many bytes of a key's hash tell which pages may have it. */
const hintBytes = 6;

/**
 * A page of a ledger that is closed for ever, and all before it. It is kept as it is stored, and
 * read again where a key's hash seems to be in it: that takes a fifth of the memory.
 */
export class ClosedPage implements ClosedRedemptions, PageReference {
  readonly count: number;
  readonly checksum: string;
  readonly bytes: Buffer;
  readonly previous: ClosedPage | undefined;
  /** Beginnings of the hashes of the keys in it, sorted. */
  readonly #hints: Float64Array;

  private constructor(bytes: Buffer, content: PageContent, previous: ClosedPage | undefined) {
    this.bytes = bytes;
    this.checksum = checksumOf(bytes);
    this.previous = previous;
    this.count = (previous?.count ?? 0) + content.redemptions.length;
    const hashes = content.redemptions.flatMap(({ keyHash }) => keyHash ?? []);
    this.#hints = Float64Array.from(hashes, hintOf).sort();
  }

  /** A page of those redemptions, behind the others. */
  static async make(
    grantUid: string,
    redemptions: Redemption[],
    previous: ClosedPage | undefined,
  ): Promise<ClosedPage> {
    const content: PageContent = { grantUid, closed: previous?.reference, redemptions };
    return new ClosedPage(await pack(content), content, previous);
  }

  /**
   * The page of that reference, and those before it: `readPage` gives the bytes of one. Those from
   * `known` on are taken as they are. Throws an Error if one is missing or is not what was closed.
   */
  static async load(
    grantUid: string,
    wanted: PageReference,
    known: ClosedPage | undefined,
    readPage: (page: PageReference) => Promise<Buffer | undefined>,
  ): Promise<ClosedPage> {
    const read: { page: PageReference; bytes: Buffer; content: PageContent }[] = [];
    let next: PageReference | undefined = wanted;
    while (next !== undefined && next.checksum !== known?.checksum) {
      const page: PageReference = next;
      const bytes = await readPage(page);
      if (bytes === undefined) throw new Error(`its page ${page.checksum} is missing`);
      const isWhole = checksumOf(bytes) === page.checksum;
      const content = isWhole ? await unpack(bytes) as PageContent : undefined;
      if (content?.grantUid !== grantUid || !Array.isArray(content.redemptions)) {
        throw new Error(`its page ${page.checksum} is not as it was closed`);
      }
      read.push({ page, bytes, content });
      next = content.closed;
    }
    let last = next === undefined ? undefined : known;
    for (const { page, bytes, content } of read.toReversed()) {
      last = new ClosedPage(bytes, content, last);
      if (last.count !== page.count) throw new Error("its pages do not add up");
    }
    return last!;
  }

  get reference(): PageReference {
    return { count: this.count, checksum: this.checksum };
  }

  find(keyHash: string): Redemption | undefined {
    const hint = hintOf(keyHash);
    for (const page of backwardsFrom(this)) {
      if (!includes(page.#hints, hint)) continue;
      const found = page.#read().find((redemption) => redemption.keyHash === keyHash);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  *all(): Iterable<Redemption> {
    for (const page of [...backwardsFrom(this)].toReversed()) yield* page.#read();
  }

  /** What stands for it in the head of a ledger. */
  toJSON(): PageReference {
    return this.reference;
  }

  #read(): Redemption[] {
    return (unpackAtOnce(this.bytes) as PageContent).redemptions;
  }
}

function* backwardsFrom(last: ClosedPage): Iterable<ClosedPage> {
  for (let page: ClosedPage | undefined = last; page !== undefined; page = page.previous) {
    yield page;
  }
}

function checksumOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function hintOf(keyHash: string): number {
  const bytes = Buffer.alloc(hintBytes);
  bytes.write(keyHash, "base64url");
  return bytes.readUIntBE(0, hintBytes);
}

function includes(sorted: Float64Array, wanted: number): boolean {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < wanted) from = middle + 1;
    else to = middle;
  }
  return sorted[from] === wanted;
}
