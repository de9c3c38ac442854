/** Stands in the place of a code or a key that is not shown; base64 has no such characters. */
export const hiddenValue = "<hidden>";
