import type { Der } from "./der.ts";

/** One element as read. */
export interface DerElement {
  /** The tag byte: class, constructed or not, and number. */
  tag: number;
  contents: Der;
  /** The element with its tag and length. */
  whole: Der;
}

/** Reads bytes that are exactly one element; throws an Error if they are not. */
export function readElement(bytes: Uint8Array): DerElement {
  const [only, ...others] = readElements(Uint8Array.from(bytes));
  if (only === undefined || others.length > 0) throw new Error("not exactly one DER element");
  return only;
}

/**
 * Reads the elements inside one of that tag; throws an Error if it is another or they are broken.
 */
export function readInside(tag: number, outer: DerElement | undefined): DerElement[] {
  if (outer?.tag !== tag) throw new Error(`no DER element with tag ${tag} where one must be`);
  return readElements(outer.contents);
}

/** True if both are the same bytes. */
export function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.length === b.length && b.every((byte, index) => byte === a[index]);
}

function readElements(bytes: Der): DerElement[] {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const { start, end } = extent(bytes, offset);
    elements.push({
      tag: bytes[offset]!,
      contents: bytes.subarray(start, end),
      whole: bytes.subarray(offset, end),
    });
    offset = end;
  }
  return elements;
}

/** Where the contents of the element at `offset` begin and end. */
function extent(bytes: Der, offset: number): { start: number; end: number } {
  const first = bytes[offset + 1];
  if (first === undefined || (bytes[offset]! & 0x1f) === 0x1f) throw new Error("broken DER tag");
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    // 0x80 alone is the indefinite length, which DER does not have
    const size = first & 0x7f;
    if (size === 0 || size > 4) throw new Error("broken DER length");
    start += size;
    length = bytes.subarray(start - size, start).reduce((sum, byte) => sum * 256 + byte, 0);
  }
  if (start + length > bytes.length) throw new Error("DER element longer than its surroundings");
  return { start, end: start + length };
}
