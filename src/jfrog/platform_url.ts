import { appError } from "../errors/app_error.ts";
import { withSlash } from "./server.ts";

/** What stands behind the platform's url in that of a service, or of a page in a browser. */
const ofOneService =
  /\/(artifactory(\/(webapp|api)(\/.*)?)?|(access|xray|distribution|mc|pipelines)(\/api(\/.*)?)?|ui(\/.*)?)$/i;

/** A url as it was given. */
interface GivenUrl {
  url: URL;
  hasScheme: boolean;
}

/**
 * A platform's base url as requests need it, with a slash at its end. What people mean by it is
 * mended with a warning: a missing `https://`, and `/artifactory`, `/access/api/…` or `/ui/…`
 * behind it. Throws `invalid-value`, naming `source`, for what is no such url or holds credentials,
 * which are not shown.
 */
export function platformUrl(text: string, source: string, warn: (text: string) => void): string {
  const { url, hasScheme } = readUrl(text, source);
  const path = url.pathname.replace(/\/+$/, "").replace(ofOneService, "");
  const base = withSlash(url.origin + path);
  if (!hasScheme) warn(`The url of ${source} has no scheme: ${base} is asked`);
  else if (base !== withSlash(url.origin + url.pathname.replace(/\/+$/, ""))) {
    warn(`The url of ${source} is one service's or a page's, not the platform's: ${base} is asked`);
  }
  return base;
}

/** True for urls of one server: the same scheme, host and port. What is no url is none's. */
export function isSameServer(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => URL.parse(withScheme(text.trim()).whole)?.origin);
  return a !== undefined && a === b;
}

function withScheme(given: string): { whole: string; hasScheme: boolean } {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(given);
  return { whole: hasScheme ? given : `https://${given}`, hasScheme };
}

function readUrl(text: string, source: string): GivenUrl {
  const given = text.trim();
  const { whole, hasScheme } = withScheme(given);
  const url = URL.parse(whole);
  const isWeb = url !== null && ["http:", "https:"].includes(url.protocol);
  // of `https:/host` and `https//host` the scheme would be the host, and hear the credentials
  if (!isWeb || /^(https?)?$/.test(url.hostname)) {
    const wanted = "an http:// or https:// url, such as https://acme.jfrog.io";
    const value = given.replace(/^[^]*@/, "…@").replace(/[?#][^]*$/, "…");
    throw appError("invalid-value", { name: source, value, wanted });
  }
  if (url.username !== "" || url.password !== "") {
    const wanted = "a url without user and password: there are options and variables for those";
    throw appError("invalid-value", { name: source, value: `…@${url.host}`, wanted });
  }
  if (url.search !== "" || url.hash !== "") {
    const wanted = "a url without ? and #";
    throw appError("invalid-value", { name: source, value: url.origin + url.pathname, wanted });
  }
  return { url, hasScheme };
}

/** Throws `invalid-value`, naming `source`, for a url with a password in it, which is not shown. */
export function refusePassword(text: string | undefined, source: string): void {
  const url = URL.parse(text ?? "");
  if (!url?.password) return;
  const wanted = "a url without a password: there are options for that";
  throw appError("invalid-value", { name: source, value: `…@${url.host}`, wanted });
}

/**
 * The url of a service as it is kept: a missing `https://` is put before it with a warning. Throws
 * `invalid-value`, naming `source`, as `platformUrl` does.
 */
export function serviceUrl(text: string, source: string, warn: (text: string) => void): string {
  const { hasScheme } = readUrl(text, source);
  const { whole } = withScheme(text.trim());
  if (!hasScheme) warn(`The url of ${source} has no scheme: ${whole} is taken`);
  return whole;
}
