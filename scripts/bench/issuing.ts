import * as fs from "node:fs";
import * as path from "node:path";
import { openBenchSite } from "./bench_site.ts";
import { type Figure, goal } from "./figure.ts";
import { measureCommands } from "./processes.ts";

const rounds = 30;

/**
 * How long a token takes to issue at a site that is ready, beside a command that does next to
 * nothing.
 */
export function measureIssuing(hawser: string): Figure[] {
  const site = openBenchSite(hawser);
  try {
    const file = path.join(site.home, "token.yaml");
    const commands = {
      "hawser version": [hawser, "version"],
      "hawser token issue": [hawser, "token", "issue", file, "-n", "west"],
    };
    const [version, issue] = measureCommands(commands, rounds, site.env, () => {
      fs.rmSync(file);
      const [grant] = JSON.parse(site.run("grant", "list", "-n", "west", "-o", "json"));
      site.run("grant", "revoke", grant.name, "-n", "west");
    });
    return [{
      name: issue!.name,
      value: `${issue!.ms.toFixed(1)} ms`,
      comparison: `${(issue!.ms - version!.ms).toFixed(1)} ms more than ${version!.name}`,
      goal: goal(issue!.ms - version!.ms, "at most", 60, " ms more"),
    }];
  } finally {
    site.close();
  }
}
