/** What keeps a link from being operational. */
export type LinkFault = keyof typeof faults | "other";

/**
 * The kinds of faults that a router's words tell of: OpenSSL's, the system's and Proton's. The
 * first that fits counts.
 */
const faults = {
  "certificate-refused": {
    words: /alert (unknown ca|bad certificate|certificate|access denied)|certificate required/i,
    plain: "the remote router refuses the link's certificate",
  },
  "server-not-trusted": {
    words: /certificate verify failed|hostname mismatch/i,
    plain: "the remote router's certificate is not trusted: another authority or another name",
  },
  "name-unknown": {
    words: /name or service not known|temporary failure in name|no address associated/i,
    plain: "the remote site's host name is not known here",
  },
  "connection-refused": {
    words: /connection refused/i,
    plain: "nothing accepts links at the remote site's address",
  },
  "unreachable": {
    words: /no route to host|network is unreachable|timed? ?out/i,
    plain: "the remote site's address can't be reached",
  },
  "closed": {
    words: /unexpected eof|connection reset|connection aborted|broken pipe|closed/i,
    plain: "the remote router ended the connection",
  },
} as const;

/** The kinds of faults that are told apart, and what is none of them. */
export const linkFaults = [...Object.keys(faults), "other"] as const;

/** The kind of fault that the router's message tells of. */
export function linkFault(message: string): LinkFault {
  const found = Object.entries(faults).find(([, { words }]) => words.test(message));
  return found === undefined ? "other" : found[0] as keyof typeof faults; // a key of that object
}

/** The fault in plain words; undefined where only the router's own say it. */
export function describeFault(fault: LinkFault): string | undefined {
  return fault === "other" ? undefined : faults[fault].plain;
}
