import { createHash } from "node:crypto";

/**
 * A Secret and a Link of this length are stored everywhere: upstream names files and folders after
 * them, such as `Secret-<name>.yaml` and `<name>-profile`, and adds up to `-16` for several links.
 */
const maxLength = 240;

/**
 * The name of the Secret that a token gives, and of its Link if it gives one: the token's own. One
 * too long for a file's name is cut, and told from others by its hash.
 */
export function credentialsName(token: string): string {
  if (token.length <= maxLength) return token;
  const ending = createHash("sha256").update(token).digest("hex").slice(0, 16);
  const beginning = token.slice(0, maxLength - ending.length - 1).replace(/[-.]+$/, "");
  return `${beginning}-${ending}`;
}

/** The names that the first Link a token gives may have. */
export function firstLinkNames(token: string): string[] {
  const name = credentialsName(token);
  return [name, `${name}-1`];
}
