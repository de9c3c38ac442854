import { type Entry, entry } from "./entry.ts";
import { kubernetesCatalog } from "./kubernetes_catalog.ts";

export type { Say } from "./entry.ts";

/**
 * Every error a user can meet: its wording, its remedy and its exit code. Data never holds a code,
 * a key or another secret.
 */
export const catalog = {
  ...kubernetesCatalog,

  // usage
  "usage": entry<{ message: string; help?: string }>({
    exit: "usage",
    message: (d) => d.message,
    hint: (d, say) => d.help ?? say.command("--help"),
  }),
  "invalid-value": entry<{ name: string; value: string; wanted: string }>({
    exit: "usage",
    message: (d) => `Invalid value "${d.value}" for ${d.name}: it must be ${d.wanted}`,
  }),
  "token-file-invalid": entry<{ file: string; why: string }>({
    exit: "usage",
    message: (d) => `Cannot read a token from ${d.file}: ${d.why}`,
    hint: (_d, say) =>
      `A token file is made by "${say.program} token issue <file>" at the other site.`,
  }),
  "file-too-large": entry<{ file: string; maxBytes: number }>({
    exit: "usage",
    message: (d) => `File ${d.file} is larger than ${d.maxBytes} bytes`,
  }),
  "resource-invalid": entry<{ where: string; why: string }>({
    exit: "usage",
    message: (d) => `Invalid resource in ${d.where}: ${d.why}`,
  }),

  // preconditions
  "link-access-disabled": entry<{ site: string }>({
    exit: "precondition",
    message: () => "Link access is not enabled",
    hint: (_d, say) =>
      `Link access at this site is not currently enabled. You can use "${
        say.command("site update --enable-link-access")
      }" to enable it.`,
  }),
  "site-missing": entry<{ namespace: string; purpose: string }>({
    exit: "precondition",
    message: (d) => `Cannot ${d.purpose}: there is no site in namespace "${d.namespace}"`,
    hint: (_d, say) => say.command("site create <name>"),
  }),
  "site-edge": entry<{ site: string }>({
    exit: "precondition",
    message: (d) =>
      `Cannot issue a token: site "${d.site}" is an edge site, and edge sites cannot accept links from remote sites`,
    hint: () => "Issue the token at an interior site, and redeem it here.",
  }),
  "site-failed": entry<{ site: string; message: string }>({
    exit: "failed",
    message: (d) => `Site "${d.site}" is in status Error: ${d.message}`,
    hint: (_d, say) => say.command("site status"),
  }),
  "site-issuer-missing": entry<{ namespace: string; issuer: string; why: string }>({
    exit: "precondition",
    message: (d) =>
      `Cannot sign for the site in namespace "${d.namespace}": certificate authority "${d.issuer}" ${d.why}`,
  }),
  "no-endpoints": entry<{ namespace: string }>({
    exit: "precondition",
    message: (d) => `No valid endpoints found for site in namespace "${d.namespace}"`,
    hint: (_d, say) => say.command("site update --link-host <host>"),
  }),
  "platform-unsupported": entry<{ platform: string; what: string; instead?: string }>({
    exit: "precondition",
    message: (d) => `Platform "${d.platform}" does not support ${d.what}`,
    hint: (d) => d.instead,
  }),
  "namespace-foreign": entry<{ namespace: string; why: string; instead?: string }>({
    exit: "precondition",
    message: (d) => `Cannot change namespace "${d.namespace}": ${d.why}`,
    hint: (d) => d.instead,
  }),
  "controller-not-running": entry<{ home: string }>({
    exit: "precondition",
    message: (d) => `No controller is running for ${d.home}`,
    hint: (_d, say) => say.command("controller start"),
  }),
  "controller-running": entry<{ home: string; pid: number | undefined }>({
    exit: "precondition",
    message: (d) =>
      `A controller is already running for ${d.home}${
        d.pid === undefined ? "" : ` (pid ${d.pid})`
      }`,
    hint: (_d, say) => say.command("controller status"),
  }),
  "controller-failed": entry<{ why: string; log?: string }>({
    exit: "failed",
    message: (d) => `The controller did not start: ${d.why}`,
    hint: (d) => (d.log === undefined ? undefined : `Its log is ${d.log}`),
  }),
  "port-in-use": entry<{ host: string; port: number; option: string }>({
    exit: "precondition",
    message: (d) => `Cannot listen on ${d.host} port ${d.port}: the port is in use`,
    hint: (d) => `Choose another port with ${d.option}.`,
  }),
  "data-home-unusable": entry<{ path: string; why: string }>({
    exit: "precondition",
    message: (d) => `Cannot use the data home ${d.path}: ${d.why}`,
    hint: () => "HAWSER_DATA_HOME names another one.",
  }),

  // refused
  "token-refused": entry<{ url: string }>({
    exit: "refused",
    message: (d) => `The grant service at ${d.url} refused the token: its code is not the grant's`,
    hint: () => "Ask for a new token.",
  }),
  "grant-code-throttled": entry<{ url: string; seconds: number }>({
    exit: "refused",
    message: (d) =>
      `The grant service at ${d.url} takes no more tries for now: too many wrong codes`,
    hint: (d) => `It takes tries again in ${d.seconds} seconds.`,
  }),
  "link-refused": entry<{ link: string; endpoint: string; why: string }>({
    exit: "refused",
    message: (d) => `Link "${d.link}" is refused at ${d.endpoint}: ${d.why}`,
  }),

  // spent
  "token-expired": entry<{ token: string; clock?: string }>({
    exit: "spent",
    message: (d) => `Token "${d.token}" has expired${d.clock === undefined ? "" : ` (${d.clock})`}`,
    hint: () => "Ask for a new token.",
  }),
  "token-used-up": entry<{ token: string }>({
    exit: "spent",
    message: (d) => `Token "${d.token}" is used up: its grant has no redemptions left`,
    hint: () => "Ask for a new token, or one with more redemptions (--redemptions-allowed).",
  }),
  "token-revoked": entry<{ token: string }>({
    exit: "spent",
    message: (d) => `Token "${d.token}" was revoked at the site that issued it`,
    hint: () => "Ask for a new token.",
  }),
  "token-unknown": entry<{ token: string }>({
    exit: "spent",
    message: (d) => `Token "${d.token}" is no longer valid: its grant has expired or was removed`,
    hint: () => "Ask for a new token.",
  }),
  "grant-expired": entry<{ grant: string; at: string }>({
    exit: "spent",
    message: (d) => `Access grant "${d.grant}" expired at ${d.at}`,
    hint: () => "Leave out --grant to make a new one.",
  }),
  "grant-used-up": entry<{ grant: string; allowed: number }>({
    exit: "spent",
    message: (d) => `Access grant "${d.grant}" has no redemptions left of ${d.allowed}`,
    hint: () => "Leave out --grant to make a new one.",
  }),

  // not found
  "file-not-found": entry<{ file: string }>({
    exit: "not-found",
    message: (d) => `File ${d.file} does not exist`,
  }),
  "namespace-not-found": entry<{ namespace: string; where: string; hint?: string }>({
    exit: "not-found",
    message: (d) => `Namespace "${d.namespace}" does not exist in ${d.where}`,
    hint: (d, say) => d.hint ?? `${say.program} site create <name> -n ${d.namespace}`,
  }),
  "resource-not-found": entry<{ kind: string; name: string; namespace: string; list?: string }>({
    exit: "not-found",
    message: (d) => `${d.kind} "${d.name}" does not exist in namespace "${d.namespace}"`,
    hint: (d, say) => (d.list === undefined ? undefined : say.command(d.list)),
  }),

  // conflicts
  "conflict": entry<{ kind: string; name: string }>({
    exit: "conflict",
    message: (d) => `${d.kind} "${d.name}" was changed meanwhile`,
  }),
  "site-exists": entry<{ site: string; namespace: string }>({
    exit: "conflict",
    message: (d) => `A site already exists in namespace "${d.namespace}": "${d.site}"`,
    hint: (_d, say) => say.command("site status"),
  }),
  "already-redeemed": entry<{ token: string; namespace: string }>({
    exit: "conflict",
    message: (d) => `Token "${d.token}" is already redeemed in namespace "${d.namespace}"`,
    hint: (d, say) => say.command(`link status ${d.token}`),
  }),
  "name-taken": entry<{ kind: string; name: string; namespace: string }>({
    exit: "conflict",
    message: (d) =>
      `${d.kind} "${d.name}" exists already in namespace "${d.namespace}" and was not made from this token`,
    hint: () => "Nothing was changed and no use of the token was spent.",
  }),
  "file-exists": entry<{ file: string }>({
    exit: "conflict",
    message: (d) => `File ${d.file} exists and is not a token file`,
    hint: () => "Use --force to replace it.",
  }),

  "grant-removed": entry<{ grant: string }>({
    exit: "conflict",
    message: (d) => `Access grant "${d.grant}" was removed before its token was issued`,
  }),

  // unreachable
  "unreachable": entry<{ url: string; why: string; hint?: string }>({
    exit: "unreachable",
    message: (d) => `Cannot reach ${d.url}: ${d.why}`,
    hint: (d) => d.hint,
  }),
  "tls-failed": entry<{ url: string; why: string; hint?: string }>({
    exit: "unreachable",
    message: (d) => `Cannot trust the server at ${d.url}: ${d.why}`,
    hint: (d) => d.hint,
  }),
  "server-error": entry<{ url: string; status: number; body: string }>({
    exit: "unreachable",
    message: (d) => `The grant service at ${d.url} answered ${d.status}: ${d.body}`,
  }),
  "link-unreachable": entry<{ link: string; why: string }>({
    exit: "unreachable",
    message: (d) => `Link "${d.link}" does not connect: ${d.why}`,
  }),

  // failed
  "answer-invalid": entry<{ url: string; why: string }>({
    exit: "failed",
    message: (d) => `The answer of the grant service at ${d.url} is not acceptable: ${d.why}`,
    hint: () => "Nothing of it was stored.",
  }),
  "grant-failed": entry<{ grant: string; message: string }>({
    exit: "failed",
    message: (d) => `Access grant "${d.grant}" is in status Error: ${d.message}`,
  }),
  "ledger-failed": entry<{ grant: string; namespace: string }>({
    exit: "failed",
    message: (d) =>
      `Cannot keep the record of access grant "${d.grant}" in namespace "${d.namespace}"`,
  }),
  "not-writable": entry<{ path: string; why: string }>({
    exit: "failed",
    message: (d) => `Cannot write ${d.path}: ${d.why}`,
  }),
  "not-readable": entry<{ path: string; why: string }>({
    exit: "failed",
    message: (d) => `Cannot read ${d.path}: ${d.why}`,
  }),
  "not-stopped": entry<{ pid: number }>({
    exit: "failed",
    message: (d) => `The controller (pid ${d.pid}) cannot be stopped`,
  }),

  // ends
  "timed-out": entry<{ after: string; what: string; last?: string; lastError?: string }>({
    exit: "timed-out",
    message: (d) =>
      `Timed out after ${d.after} waiting for ${d.what}` +
      (d.last === undefined ? "" : `: ${d.last}`) +
      (d.lastError === undefined ? "" : ` (last error: ${d.lastError})`),
  }),
  "interrupted": entry<Record<never, never>>({ exit: "interrupted", message: () => "Interrupted" }),
  "terminated": entry<Record<never, never>>({ exit: "terminated", message: () => "Terminated" }),
} as const;

/** A code of the catalog: kebab-case, noun-state. */
export type ErrorCode = keyof typeof catalog;

/** The data an error of that code is worded with. */
export type ErrorData<C extends ErrorCode> = (typeof catalog)[C] extends Entry<infer D> ? D : never;
