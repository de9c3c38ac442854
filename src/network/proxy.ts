import { Buffer } from "node:buffer";
import { BlockList, isIP } from "node:net";
import { appError } from "../errors/app_error.ts";

/** Of proxies; with socks5h the proxy looks names up, which it always does here. */
const protocols = ["http:", "https:", "socks5:", "socks5h:"];

/**
 * The proxy that HTTPS_PROXY, or HTTP_PROXY for an http url, and NO_PROXY name (or their lower-case
 * forms, which win as in curl), or undefined. NO_PROXY takes `*`, hosts, domains (`.example.com` or
 * `example.com`, with what is below), addresses, CIDR ranges and `host:port`; this machine itself
 * is never behind a proxy. Throws `invalid-value` for one that is no http, https or socks5 url.
 */
export function chooseProxy(url: URL, env: Record<string, string | undefined>): URL | undefined {
  const name = url.protocol === "http:" ? "HTTP_PROXY" : "HTTPS_PROXY";
  // in a CGI program HTTP_PROXY is what the client sent as its header Proxy
  const isForged = name === "HTTP_PROXY" && env["REQUEST_METHOD"] !== undefined;
  const proxy = env[name.toLowerCase()] || (isForged ? undefined : env[name]);
  if (!proxy || isExcepted(url, env["no_proxy"] || env["NO_PROXY"] || "")) return undefined;
  const parsed = URL.parse(proxy.includes("://") ? proxy : `http://${proxy}`);
  if (parsed !== null && protocols.includes(parsed.protocol) && canDecode(parsed)) return parsed;
  throw appError("invalid-value", {
    name,
    value: parsed === null ? "…" : `${parsed.protocol}//${parsed.host}`,
    wanted: "an http://, https:// or socks5:// url, where a % of user or password is %25",
  });
}

function canDecode({ username, password }: URL): boolean {
  try {
    return decodeURIComponent(username + password) !== undefined;
  } catch {
    return false;
  }
}

/** A url's host as sockets take it: IPv6 without brackets. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

/** The header that shows a proxy the credentials in its url. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === "") return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

function isExcepted(url: URL, exceptions: string): boolean {
  const host = bareHost(url).toLowerCase();
  if (host === "localhost" || matchesRange(host, "127.0.0.0/8") || host === "::1") return true;
  return exceptions.split(",").map((part) => part.trim().toLowerCase()).some((part) => {
    if (part === "") return false;
    if (part === "*" || part === host || matchesRange(host, part)) return true;
    const [, name, port] = /^(.*?)(?::(\d+))?$/.exec(part)!;
    if (port !== undefined && port !== (url.port || standardPort(url))) return false;
    const domain = name!.replace(/^\*?\./, "");
    return host === name || (domain !== "" && (host === domain || host.endsWith(`.${domain}`)));
  });
}

function standardPort(url: URL): string {
  return url.protocol === "http:" ? "80" : "443";
}

function matchesRange(host: string, range: string): boolean {
  const [network = "", bits = ""] = range.split("/");
  const version = isIP(network);
  if (version === 0 || version !== isIP(host) || !/^\d+$/.test(bits)) return false;
  if (Number(bits) > (version === 6 ? 128 : 32)) return false;
  const family = version === 6 ? "ipv6" : "ipv4";
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(host, family);
}
