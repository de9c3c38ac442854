import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { test } from "node:test";
import { findFreePort, ServerProcess } from "../../testbed/server_process.ts";
import { eventually } from "../stage/eventually.ts";
import { inSandbox } from "../stage/harness.ts";
import { issueToken, linkAccess } from "../stage/sites.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { examplePath, readExample } from "./example.ts";

const skip = spawnSync("promtool", ["--version"]).status !== 0;

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
}

test(
  "the alert rules hold, and each one is raised by its trouble alone (needs promtool)",
  { skip },
  () => {
    const checks = {
      "alerts.yml": ["check", "rules"],
      "alerts_test.yml": ["test", "rules"],
      "prometheus.yml": ["check", "config"],
    };
    for (const [file, words] of Object.entries(checks)) {
      const args = [...words, examplePath(`monitoring/${file}`)];
      const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
      assert.equal(status, 0, `${args.join(" ")}\n${stdout}${stderr}`);
    }
  },
);

test(
  "each query of the dashboard finds what a controller tells a Prometheus (needs promtool)",
  { skip },
  inSandbox(async (sandbox) => {
    const operations = await findQuietPort();
    await sandbox.succeed(["controller", "start", "--operations-port", operations]);
    await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
    await sandbox.succeed(["site", "create", "east", "-n", "east"]);
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);

    const config = readExample("monitoring/prometheus.yml")
      .replace("127.0.0.1:9464", `127.0.0.1:${operations}`)
      .replace("scrape_interval: 15s", "scrape_interval: 200ms\n  scrape_timeout: 200ms");
    sandbox.write("alerts.yml", readExample("monitoring/alerts.yml"));
    const file = sandbox.write("prometheus.yml", config);
    const url = `http://127.0.0.1:${await findFreePort()}`;
    const prometheus = new ServerProcess("prometheus", [
      `--config.file=${file}`,
      `--storage.tsdb.path=${path.join(sandbox.folder, "tsdb")}`,
      `--web.listen-address=${new URL(url).host}`,
    ], path.join(sandbox.folder, "prometheus.log"));
    try {
      await prometheus.waitUntil(async () => (await fetch(`${url}/-/ready`)).ok);
      const { panels }: Dashboard = JSON.parse(readExample("monitoring/dashboard.json"));
      for (const { title, targets } of panels) {
        for (const { expr } of targets) {
          const query = expr.replaceAll("$job", "hawser").replaceAll("$__rate_interval", "1m");
          // of what a controller counts, wrong codes alone have not been there
          if (query.includes("wrong-code")) await ask(url, query);
          else await eventually(async () => (await ask(url, query)).length > 0, () => title);
        }
      }
      const rules = await (await fetch(`${url}/api/v1/rules`)).json();
      const health = rules.data.groups.flatMap((group: { rules: { health: string }[] }) =>
        group.rules.map((rule) => rule.health)
      );
      assert.equal(health.length, 8);
      assert.ok(!health.includes("err"), String(health));
    } finally {
      await prometheus.end();
    }
  }),
);

/** What a query finds; fails if it is none. */
async function ask(url: string, query: string): Promise<unknown[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { status, data, error } = await response.json();
  assert.equal(status, "success", `${query}: ${error}`);
  return data.result;
}
