import type { Buffer } from "node:buffer";

/** The architectures that are built for. */
export type Arch = "x64" | "arm64";

/** How far the comparison with the next letter may be, in bytes. */
const mostBetween = 32;

/**
 * Changes a program so that no text begins with `prefix` for it, where its code compares with that
 * letter by letter, as compilers make it of a short one: the fifth letter becomes one that no name
 * has. Throws where there is not exactly one such place.
 */
export function refusePrefix(program: Buffer, prefix: string, arch: Arch): void {
  const [first, ...others] = Array.from(prefix, (letter) => letter.charCodeAt(0));
  const { step, placesOf, isLetter, write } = comparisons[arch](program);
  const places: number[] = [];
  for (const place of placesOf(first!)) {
    const found = [place];
    for (const letter of others) {
      const from = found.at(-1)! + step;
      let at = from;
      while (at < from + mostBetween && !isLetter(at, letter)) at += step;
      if (at >= from + mostBetween) break;
      found.push(at);
    }
    if (found.length === prefix.length) places.push(found[4]!);
  }
  const [place, other] = places;
  if (place === undefined || other !== undefined) {
    throw new Error(`${prefix} is compared with at ${places.length} places, not at one`);
  }
  write(place, 1);
}

/** How a program's instructions that compare with a letter are found, read and written. */
interface Comparisons {
  /** The least distance between two, in bytes. */
  step: number;
  placesOf(letter: number): Iterable<number>;
  isLetter(at: number, letter: number): boolean;
  write(at: number, letter: number): void;
}

const comparisons: Record<Arch, (program: Buffer) => Comparisons> = {
  /** `cmp m8, imm8`, which ends with the letter; most are followed by `jne`. */
  x64(program) {
    const bytes = new Uint8Array(program.buffer, program.byteOffset, program.length);
    return {
      step: 1,
      *placesOf(letter) {
        for (let at = bytes.indexOf(letter); at >= 0; at = bytes.indexOf(letter, at + 1)) {
          if (bytes[at + 1] === 0x75) yield at;
        }
      },
      isLetter(at, letter) {
        if (bytes[at] !== letter) return false;
        const isCompared = bytes[at - 3] === 0x80 && (bytes[at - 2]! & 0x38) === 0x38;
        return isCompared || bytes[at + 1] === 0x75;
      },
      write: (at, letter) => void (bytes[at] = letter),
    };
  },
  /** `cmp wN, #imm`, an instruction of its own. */
  arm64(program) {
    const words = new Uint32Array(program.buffer, program.byteOffset, program.length >> 2);
    const isLetter = (at: number, letter: number) =>
      ((words[at >> 2]! & 0xffff_fc1f) >>> 0) === ((0x7100_001f | letter << 10) >>> 0);
    return {
      step: 4,
      *placesOf(letter) {
        for (let at = 0; at < words.length << 2; at += 4) if (isLetter(at, letter)) yield at;
      },
      isLetter,
      write(at, letter) {
        words[at >> 2] = (words[at >> 2]! & 0xffc0_03ff | letter << 10) >>> 0;
      },
    };
  },
};
