import { entry, type Say } from "./entry.ts";

/** An answer of a JFrog server that is not what was asked for; secrets in it are blanked out. */
export interface FailedAnswer {
  /** The url that was asked. */
  url: string;
  status: number;
  /** Status and reason phrase: `403 Forbidden`. */
  statusLine: string;
  /** What its body says, in words. */
  why: string;
  /** The body, parsed where it is JSON; undefined if it is empty. */
  body?: unknown;
}

function answered(d: FailedAnswer): string {
  return `${d.url} answered ${d.statusLine}${d.why === "" ? "" : `: ${d.why}`}`;
}

const mayExist = "The request had been sent, so a token may exist";

/** How to find a token of which nobody knows whether it exists. */
function lookFor({ program }: Say): string {
  return `Look for it, and revoke it: ${program} access-token list --order-by created --descending, then ${program} access-token revoke <id>`;
}

/** What can go wrong between this program and a server of the JFrog Platform. */
export const jfrogErrors = {
  "access-refused": entry<FailedAnswer & { remedy?: string }>({
    exit: "refused",
    message: answered,
    hint: (d) => d.remedy,
  }),
  "access-not-found": entry<FailedAnswer & { remedy?: string }>({
    exit: "not-found",
    message: answered,
    hint: (d) => d.remedy,
  }),
  "access-conflict": entry<FailedAnswer>({ exit: "conflict", retry: true, message: answered }),
  "access-request-invalid": entry<FailedAnswer>({ exit: "usage", message: answered }),
  "access-server-failed": entry<FailedAnswer>({ exit: "unreachable", message: answered }),
  "access-answer-unexpected": entry<FailedAnswer>({ exit: "failed", message: answered }),
  "access-redirected": entry<{ url: string; to: string }>({
    exit: "failed",
    message: (d) => `${d.url} redirects to ${d.to}, and credentials are not sent there`,
    hint: (_d, say) =>
      `If that is the right server, name it: --url, or ${say.program} config edit for a configured one.`,
  }),
  "access-answer-invalid": entry<
    { url: string; why: string; remedy?: string; mints?: boolean }
  >({
    exit: "failed",
    message: (d) =>
      `The answer of ${d.url} is not acceptable: ${d.why}${d.mints ? `. ${mayExist}` : ""}`,
    hint: (d, say) => d.remedy ?? (d.mints ? lookFor(say) : undefined),
  }),
  "access-answer-lost": entry<{ url: string; why: string }>({
    exit: "failed",
    message: (d) => `The answer of ${d.url} was lost: ${d.why}. ${mayExist}`,
    hint: (_d, say) => lookFor(say),
  }),
  "jfrog-url-missing": entry<{ id?: string }>({
    exit: "usage",
    message: (d) =>
      d.id === undefined
        ? "No JFrog server is named: there is no url beside the options given"
        : `Server "${d.id}" is configured without a url`,
    hint: () =>
      "Give the platform's url with --url or JFROG_CLI_URL, or a server with --server-id.",
  }),
  "jfrog-server-missing": entry<Record<never, never>>({
    exit: "precondition",
    message: () => "No JFrog server is named, and none is configured",
    hint: (_d, say) => `${say.program} config add, or give --url and --access-token-stdin.`,
  }),
  "jfrog-default-missing": entry<Record<never, never>>({
    exit: "precondition",
    message: () => "No JFrog server is named, and none of those configured is the default",
    hint: (_d, say) => `${say.program} config use <id>, or name one with --server-id.`,
  }),
  "jfrog-server-not-found": entry<{ id: string }>({
    exit: "not-found",
    message: (d) => `Server ID "${d.id}" does not exist`,
    hint: (_d, say) => `${say.program} config show`,
  }),
  "jfrog-credentials-missing": entry<{ url: string }>({
    exit: "usage",
    message: (d) => `There are no credentials for ${d.url}`,
    hint: () =>
      "Give --access-token-stdin or JFROG_CLI_ACCESS_TOKEN, --user with --password-stdin, or --client-cert-path.",
  }),
  "access-token-invalid": entry<{ source: string }>({
    exit: "usage",
    message: (d) =>
      `The access token of ${d.source} is none: there are spaces, line breaks or other characters in it`,
  }),
  "access-token-unreadable": entry<{ why: string }>({
    exit: "usage",
    message: (d) => `The token can't be inspected: ${d.why}`,
    hint: (_d, say) =>
      `What the server knows of a token: ${say.program} access-token show <id>, or list.`,
  }),
  "access-token-missing": entry<{ id: string }>({
    exit: "precondition",
    message: (d) => `Server "${d.id}" is configured without an access token`,
    hint: (d, say) => `${say.program} config check "${d.id}" tells whose its credentials are.`,
  }),
  "access-token-not-found": entry<{ url: string; isOwn?: boolean; namesakeId?: string }>({
    exit: "not-found",
    message: (d) =>
      `${d.url} did not revoke the token: ${
        d.namesakeId === undefined
          ? `it does not know it, or is older than Artifactory ${
            d.isOwn
              ? "7.53.1 and can't tell which token it is asked with"
              : "7.68 and can't find a token by its value"
          }`
          : `it has one of the id "${d.namesakeId}", but this text, damaged or forged, is not it`
      }`,
    hint: (d, say) =>
      d.namesakeId === undefined
        ? `Find its id, and revoke that: ${say.program} access-token list, then ${say.program} access-token revoke <id>`
        : `If that is the one: ${say.program} access-token revoke ${d.namesakeId}`,
  }),
  "access-token-gone": entry<{ id: string }>({
    exit: "not-found",
    message: (d) =>
      d.id === ""
        ? "The access token is not there: revoked already, never kept by the server, or not whole"
        : `Access token "${d.id}" is not there: revoked already, or never kept by the server`,
    hint: (_d, say) => `${say.program} access-token list`,
  }),
  "access-token-differs": entry<{ why: string; id: string; problem?: string }>({
    exit: "failed",
    message: (d) =>
      `The token is not what was asked for: ${d.why}. ` +
      (d.problem === undefined
        ? "It is revoked"
        : `It could not be revoked, and exists: ${d.problem}`),
    hint: (d, say) =>
      d.problem === undefined
        ? undefined
        : `To see it: ${say.program} access-token ${d.id === "" ? "list" : `show ${d.id}`}`,
  }),
  "refresh-token-missing": entry<{ id?: string }>({
    exit: "precondition",
    message: (d) =>
      d.id === undefined
        ? "There is no refresh token: the credentials are not those of a configured server"
        : `Server "${d.id}" is configured without a refresh token`,
    hint: () => "Give one with --refresh-token-stdin.",
  }),
  "client-certificate-invalid": entry<{ path: string; why: string }>({
    exit: "usage",
    message: (d) => `Cannot use the client certificate ${d.path}: ${d.why}`,
  }),
} as const;
