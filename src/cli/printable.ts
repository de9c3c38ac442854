/**
 * Control characters, format characters (those that turn the direction of text among them) and the
 * two separators that some terminals take for line ends: what text from outside could steer a
 * terminal or deceive its reader with.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Any text in a form that may reach a terminal. Whatever is unprintable, except line ends and tabs,
 * is escaped as `\u001b`, which JSON reads as the same character. All output passes here last. Text
 * that becomes part of a line passes `escapeControls` before.
 */
export function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (found) => /[\n\t]/.test(found) ? found : inJson(found));
}

/** Text from anywhere as part of one line: it can neither begin another nor steer the terminal. */
export function escapeControls(text: string): string {
  return text.replace(unprintable, (found) => {
    if (found === "\t") return found;
    if (found === "\n") return "\\n";
    const code = found.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : inJson(found);
  });
}

/** True if the text holds what is escaped on its way out. */
export function holdsUnprintable(text: string): boolean {
  return escapeUnprintable(text) !== text;
}

function inJson(character: string): string {
  return character.split("").map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`).join("");
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
