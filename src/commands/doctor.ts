import type { CommandContext } from "../cli/context.ts";
import { leaf } from "../cli/leaf.ts";
import { timeoutOption } from "../cli/options.ts";
import { escapeControls } from "../cli/printable.ts";
import type { Runner } from "../cli/runner.ts";
import type { Finding } from "../doctor/finding.ts";
import { type AppError, appError } from "../errors/app_error.ts";
import { version } from "../version.ts";

interface Examination {
  namespace?: string;
  /** How many of the findings stand in the way. */
  problems: number;
  findings: Finding[];
}

/** `doctor`: what stands in the way here, and what mends it; changes nothing. */
export function doctor(run: Runner) {
  return leaf("doctor", "Check what this machine and the site can do, and what stands in the way")
    .addOption(timeoutOption("60s"))
    .action(run({ text, failure }, look));
}

async function look(context: CommandContext): Promise<Examination> {
  const { examine } = await import("../doctor/finding.ts");
  const { checkSites, checkResources } = await import("../doctor/site_checks.ts");
  const machine = await import("../doctor/machine_checks.ts");
  const { checkCluster } = await import("../doctor/cluster_checks.ts");
  const { env, say, signal } = context;
  const surroundings = { env, say, signal, version, now: Date.now() };
  const findings: Finding[] = [];
  let namespace: string | undefined;
  findings.push(
    ...await examine("platform", surroundings, async () => {
      const platform = await context.platform();
      namespace = platform.namespace;
      const patient = { ...surroundings, platform };
      const { controllerHost, controllerProbe } = platform;
      const parts: [string, () => Promise<Finding[]>][] = [
        ...(controllerHost === undefined
          ? []
          : [["controller", () => machine.checkController(patient)] as const]),
        ...(controllerProbe === undefined
          ? []
          : [["cluster", () => checkCluster(patient)] as const]),
        ["site", () => checkSites(patient)],
        ["resources", () => checkResources(patient)],
      ].map(([check, part]) => [check, part] as [string, () => Promise<Finding[]>]);
      const found: Finding[] = [{
        check: "platform",
        state: "ok",
        detail: `${platform.name}, namespace "${namespace}"`,
      }];
      for (const [check, part] of parts) {
        context.progress(`Looking at the ${check}...`);
        found.push(...await examine(check, surroundings, part));
      }
      return found;
    }),
    ...await examine("proxy", surroundings, () => machine.checkProxy(surroundings)),
    ...await examine(
      "jf configuration",
      surroundings,
      () => machine.checkConfiguration(surroundings),
    ),
  );
  const problems = findings.filter(({ state }) => state === "problem").length;
  return { ...(namespace === undefined ? {} : { namespace }), problems, findings };
}

function failure({ problems }: Examination): AppError | undefined {
  return problems === 0 ? undefined : appError("problems-found", { problems });
}

function text({ findings }: Examination): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.map(({ check, state, detail, remedy }) => {
    const start = `${state.padEnd("problem".length)}  ${check.padEnd(width)}`;
    const line = `${start}  ${escapeControls(detail)}`;
    return remedy === undefined ? line : `${line}\n${" ".repeat(width + 11)}${remedy}`;
  }).join("\n");
}
