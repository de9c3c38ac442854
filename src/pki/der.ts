/** Bytes of DER (X.690), the encoding certificates and requests are made in. */
export type Der = Uint8Array<ArrayBuffer>;

const utf8 = new TextEncoder();

/** One element: its tag byte, its length, its contents one after the other. */
export function element(tag: number, ...contents: Uint8Array[]): Der {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const header = length < 0x80 ? [tag, length] : [tag, ...longLength(length)];
  const der = new Uint8Array(header.length + length);
  der.set(header);
  let offset = header.length;
  for (const part of contents) {
    der.set(part, offset);
    offset += part.length;
  }
  return der;
}

export function sequence(...contents: Uint8Array[]): Der {
  return element(0x30, ...contents);
}

export function set(...contents: Uint8Array[]): Der {
  return element(0x31, ...contents);
}

/** A constructed element with a context-specific tag: `[n] EXPLICIT`. */
export function explicit(n: number, ...contents: Uint8Array[]): Der {
  return element(0xa0 | n, ...contents);
}

/** A primitive element with a context-specific tag: `[n] IMPLICIT`. */
export function implicit(n: number, contents: Uint8Array): Der {
  return element(0x80 | n, contents);
}

/** An integer that is not negative, from its bytes, most significant first. */
export function integer(bytes: Uint8Array): Der {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start === -1 ? new Uint8Array(1) : bytes.subarray(start);
  return digits[0]! >= 0x80 ? element(2, new Uint8Array(1), digits) : element(2, digits);
}

export function boolean(value: boolean): Der {
  return element(1, Uint8Array.of(value ? 0xff : 0));
}

export function nothing(): Der {
  return element(5);
}

/** A bit string; `unusedBits` of its last byte do not count. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Der {
  return element(3, Uint8Array.of(unusedBits), bytes);
}

export function octetString(...contents: Uint8Array[]): Der {
  return element(4, ...contents);
}

export function utf8String(text: string): Der {
  return element(12, utf8.encode(text));
}

/** The object identifiers made so far: the same few are in everything. */
const objectIdentifiers = new Map<string, Der>();

/** An object identifier from its dotted form, which is one of the program's own. */
export function objectIdentifier(dotted: string): Der {
  let identifier = objectIdentifiers.get(dotted);
  if (identifier === undefined) {
    const [first, second, ...others] = dotted.split(".").map(Number);
    identifier = element(6, Uint8Array.from([first! * 40 + second!, ...others.flatMap(base128)]));
    objectIdentifiers.set(dotted, identifier);
  }
  return identifier;
}

/** A time in whole seconds: UTCTime until 2049, GeneralizedTime from then on (RFC 5280 4.1.2.5). */
export function time(at: Date): Der {
  const digits = at.toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return at.getUTCFullYear() < 2050
    ? element(23, utf8.encode(digits.slice(2)))
    : element(24, utf8.encode(digits));
}

function longLength(length: number): number[] {
  const bytes = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function base128(number: number): number[] {
  const bytes = [number & 0x7f];
  for (let rest = number >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}
