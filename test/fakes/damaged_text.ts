import fc from "fast-check";

/** A text as bad disks, editors and people leave it: `of` with up to `most` edits. */
export function damaged(of: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> {
  const junk = fc.constantFrom(
    ..."\"{}[],:\\ \n\0eE-.0ntfu'",
    "\uFEFF",
    "null",
    "1e999",
    "é",
    "😀",
  );
  const edit = fc.record({
    at: fc.nat(1_000_000),
    length: fc.nat(8),
    text: fc.oneof(junk, fc.constant("")),
  });
  return fc.tuple(of, fc.array(edit, { minLength: 1, maxLength: most })).map(([text, edits]) =>
    edits.reduce((text, { at, length, text: put }) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + put + text.slice(from + length);
    }, text)
  );
}

/** All texts below a JSON value. */
export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
