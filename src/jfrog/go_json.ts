/** Data as JSON in two-space indentation, with the characters escaped that Go's encoder escapes. */
export function writeGoJson(data: unknown, indent = 2): string {
  return JSON.stringify(data, null, indent).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
