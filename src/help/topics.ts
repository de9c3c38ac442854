import { exitCodes } from "../errors/exit_code.ts";
import { variables } from "./variables.ts";

/**
 * What `help <topic>` tells, by topic: a line that lists it, and its text, where `table` pads the
 * columns of rows.
 */
export const topics: Record<
  string,
  { summary: string; text(table: (rows: string[][]) => string): string }
> = {
  platforms: {
    summary: "where sites live, and how the platform is chosen",
    text: () =>
      `A site lives on one of four platforms: kubernetes, docker, podman or linux.

The platform is that of -p, else that of SKUPPER_PLATFORM, else the one that
the namespace was made with, else kubernetes. What contradicts what is there
ends with exit code 3, and changes nothing.

On kubernetes a site is a resource of the cluster that -c and --kubeconfig
name. Skupper's own controller makes its router; "hawser controller manifest"
prints a controller that serves grants.

On docker, podman and linux a site is a folder of the data home:
HAWSER_DATA_HOME, else /var/lib/skupper for root and ~/.local/share/skupper
for others. "hawser controller start" serves all its namespaces; "skupper
system start" makes a router of the folder, and takes it over as it is.
`,
  },
  tokens: {
    summary: "what a token is, who can use it, and when it ends",
    text: () =>
      `A token lets another site link to this one. "hawser token issue" makes a grant
here and writes a file with its address, its authority and a code. "hawser
token redeem" asks there for credentials of its own, and stores them with the
link.

A token ends with its uses (-r, one by default) or its time (-e, 15 minutes by
default), and with "hawser grant revoke". Links already made stay: "hawser
link delete" ends those.

Who has the file can use it. It is written for its owner alone (mode 0600).
--seal-to seals it to a key of "hawser key new" or of SSH: then it may lie in
an artifact, a chat or git.

A redemption that fails costs no use. The same command goes on with the same
key; see "hawser help guarantees".
`,
  },
  guarantees: {
    summary: "what is promised of uses, and what is not",
    text: () =>
      `A token is never burned and never double-spent.

A use is spent when the grant's ledger says so and for whom, on disk or in
etcd; nothing is answered before. An answer that got lost is given again to
the same redeemer, and to nobody else. So a redemption that failed costs no
use, and a grant of N uses never gives N+1 credentials, whichever side is
killed, and whenever.

Not promised: disks that lie about fsync, data homes put back from a backup
beside a running site, clocks that are days off, and the moment between answer
and storing for redeemers that bring no key of their own, as upstream's are.

docs/guarantees.md in the sources has the table of steps, with the test that
shows each.
`,
  },
  "exit-codes": {
    summary: "what each exit code means; --shell prints them for a script",
    text: (table) =>
      table([
        ["CODE", "RETRY", "MEANING"],
        ...Object.values(exitCodes).map(({ code, meaning, retry }) => [
          String(code),
          retry === true ? "yes" : retry || "",
          meaning,
        ]),
      ]),
  },
  environment: {
    summary: "the variables that are read",
    text: () =>
      `Each option has a variable, such as HAWSER_NAMESPACE for -n, but for secrets
and for switches that confirm or widen. An option on the command line comes
first, then its variable.

${variables.map(({ name, meaning }) => `${name}\n${indented(meaning)}\n`).join("")}`,
  },
  ci: {
    summary: "in a pipeline: secrets, waiting, exit codes",
    text: () =>
      `Nothing is asked where CI is set or stdin is no terminal. Results are on
stdout, all else on stderr; -o json prints both as data.

Secrets: give them on stdin (--access-token-stdin), and take them by --to,
which masks them in the job's log first: github-output:NAME, github-env:NAME,
gitlab-dotenv:FILE, env-file:FILE, fd:N or a file.

    hawser exchange-oidc-token github --to github-env:JFROG_TOKEN
    hawser token issue --to token.yaml -r 1 -e 10m

Waiting: --timeout ends every command (exit code 124), "hawser wait" waits for
a state, and --retry-for runs again what may pass.

    hawser token redeem token.yaml --wait ready --timeout 2m --retry-for 5m

HAWSER_UNDO_FILE collects the commands that take back what a job made.
docs/ci.md in the sources has whole workflows.
`,
  },
};

/** A meaning in lines of 80 columns, without its marks. */
function indented(meaning: string): string {
  return meaning.replaceAll("`", "").replace(/(.{1,70})(?: +|$)/g, "        $1\n").trimEnd();
}
