import * as fs from "node:fs";
import * as path from "node:path";
import { type BenchSite, openBenchSite } from "./bench_site.ts";
import { type Figure, goal } from "./figure.ts";
import { measureCommands } from "./processes.ts";

const rounds = 30;

/** How many grants a namespace has when a token is issued among many. */
const many = 1000;

/**
 * How long a token takes to issue at a site that is ready, beside a command that does next to
 * nothing, and beside the same in a namespace with many grants.
 */
export function measureIssuing(hawser: string): Figure[] {
  const site = openBenchSite(hawser);
  try {
    const { version, issue } = timeIssuing(site, hawser);
    addGrants(site);
    const among = timeIssuing(site, hawser).issue;
    return [{
      name: "hawser token issue",
      value: `${issue.toFixed(1)} ms`,
      comparison: `${(issue - version).toFixed(1)} ms more than hawser version`,
      goal: goal(issue - version, "at most", 60, " ms more"),
    }, {
      name: `the same among ${many} grants of its namespace`,
      value: `${among.toFixed(1)} ms`,
      comparison: `${(among / issue).toFixed(2)} times that among none`,
      goal: goal(among / issue, "at most", 2, " times"),
    }];
  } finally {
    site.close();
  }
}

/** Medians in milliseconds. */
function timeIssuing(site: BenchSite, hawser: string): { version: number; issue: number } {
  const file = path.join(site.home, "token.yaml");
  const commands = {
    version: [hawser, "version"],
    issue: [hawser, "token", "issue", file, "-n", "west", "-o", "json"],
  };
  const [version, issue] = measureCommands(commands, rounds, site.env, () => {
    const token = fs.readFileSync(file, "utf8");
    fs.rmSync(file);
    site.run("grant", "revoke", /name: "?([\w-]+)/.exec(token)![1]!, "-n", "west");
  });
  return { version: version!.ms, issue: issue!.ms };
}

/** Makes the grants and waits until the controller serves them. */
function addGrants(site: BenchSite): void {
  const file = path.join(site.home, "grants.yaml");
  const spec = "spec: {redemptionsAllowed: 1, expirationWindow: 1h}";
  const documents = Array.from(
    { length: many },
    (_, index) =>
      "apiVersion: skupper.io/v2alpha1\nkind: AccessGrant\n" +
      `metadata: {name: many-${index}}\n${spec}\n`,
  );
  fs.writeFileSync(file, documents.join("---\n"));
  site.run("apply", "-f", file, "-n", "west");
  for (let served = 0; served < many;) {
    const grants = JSON.parse(site.run("grant", "list", "-n", "west", "-o", "json"));
    served = grants.filter(({ status }: { status: string }) => status === "Ready").length;
  }
}
