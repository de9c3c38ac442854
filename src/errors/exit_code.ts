/**
 * What each exit code means, and whether it helps to run the same again; where some errors of a
 * code say so, each of those does. `hawser help exit-codes` prints this table.
 */
export const exitCodes = {
  done: { code: 0, meaning: "done", retry: false },
  failed: { code: 1, meaning: "failed", retry: false },
  usage: { code: 2, meaning: "usage or invalid input", retry: false },
  precondition: {
    code: 3,
    meaning:
      "precondition not met: link access is not enabled, no site, edge site, platform does not do this, service not running",
    retry: false,
  },
  refused: { code: 4, meaning: "refused: not authenticated, forbidden, wrong code", retry: false },
  spent: { code: 5, meaning: "spent: token or grant expired, used up, revoked", retry: false },
  "not-found": { code: 6, meaning: "not found", retry: false },
  conflict: { code: 7, meaning: "conflict: exists already, changed meanwhile", retry: "some" },
  unreachable: {
    code: 8,
    meaning: "unreachable: DNS, connection, TLS, proxy, 5xx",
    retry: true,
  },
  defect: { code: 70, meaning: "a defect in the program (stack shown)", retry: false },
  "timed-out": { code: 124, meaning: "timed out", retry: true },
  interrupted: { code: 130, meaning: "interrupted", retry: false },
  terminated: { code: 143, meaning: "terminated", retry: false },
} as const;

/** The name of an exit code, as the error catalog uses it. */
export type ExitName = keyof typeof exitCodes;
