import { appError } from "../../errors/app_error.ts";
import type { HttpAnswer } from "../../network/http_exchange.ts";

/**
 * The fields of an answer's JSON object, by lower-case name: Go, in which jf and the platform's
 * clients are written, takes them in any case. Throws `access-answer-invalid` for anything else; it
 * says that a token may exist where the request `mints`.
 */
export function readJsonObject(
  answer: HttpAnswer,
  url: string,
  { mints = false }: { mints?: boolean } = {},
): Map<string, unknown> {
  const text = textOf(answer);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw appError("access-answer-invalid", { url, why: describeText(text), mints });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw appError("access-answer-invalid", { url, why: "it is not a JSON object", mints });
  }
  return new Map(Object.entries(value).map(([name, value]) => [name.toLowerCase(), value]));
}

/** The text of an answer in the charset that it names, UTF-8 by default, without a BOM. */
export function textOf({ headers, body }: HttpAnswer): string {
  const [, charset = "utf-8"] = /;\s*charset="?([\w.:-]+)/i.exec(headers["content-type"] ?? "") ??
    [];
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body); // a charset that nobody knows
  }
}

/** The text itself is not shown: a token may be in it. */
function describeText(text: string): string {
  if (text.trim() === "") return "it is empty";
  return isPage(text) ? notThePlatform : "it is not JSON";
}

/** What is wrong with an answer that is a page, whatever its status. */
export const notThePlatform = "it is a page, not JSON: a proxy's or a login's, or the url is wrong";

/** True for a page for people, which the platform never answers. */
export function isPage(text: string): boolean {
  return /^\s*</.test(text);
}
