import { appError } from "../errors/app_error.ts";

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** True for an RFC 1123 label: 1 to 63 lower-case letters, digits and inner dashes. */
export function isLabel(text: string): boolean {
  return text.length <= 63 && label.test(text);
}

/**
 * True for an RFC 1123 subdomain as Kubernetes names have it: labels joined by dots, 1 to 253
 * characters.
 */
export function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every((part) => label.test(part));
}

/**
 * Throws `invalid-value` unless `text` is a label; `what` names the value, as in "the namespace".
 */
export function checkLabel(text: string, what: string): void {
  if (isLabel(text)) return;
  throw appError("invalid-value", {
    name: what,
    value: text,
    wanted:
      "at most 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit",
  });
}

/**
 * Throws `invalid-value` unless `text` is a subdomain; `what` names the value, as in "the site
 * name".
 */
export function checkSubdomain(text: string, what: string): void {
  if (isSubdomain(text)) return;
  throw appError("invalid-value", {
    name: what,
    value: text,
    wanted:
      "at most 253 lower-case letters, digits, dashes and dots, each part beginning and ending with a letter or digit",
  });
}

/**
 * A random ending for a name, from the characters Kubernetes' generateName uses: it spells no
 * words.
 */
export function randomSuffix(length = 5): string {
  return randomText("bcdfghjklmnpqrstvwxz2456789", length);
}

/** A new name that begins as the site's: a label too, as upstream's links must be named. */
export function nameAfter(site: string): string {
  return `${site.slice(0, 57).replace(/[-.]+$/, "")}-${randomSuffix(5)}`;
}

/** A random secret code of letters and digits; the default of 24 characters holds 142 bits. */
export function randomCode(length = 24): string {
  return randomText("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length);
}

function randomText(alphabet: string, length: number): string {
  // bytes past the last whole multiple of the alphabet are thrown away: no character is likelier
  const limit = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < limit && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
