import type { CommandContext } from "../cli/context.ts";
import { leaf } from "../cli/leaf.ts";
import { timeoutOption } from "../cli/options.ts";
import { escapeControls } from "../cli/printable.ts";
import type { Runner } from "../cli/runner.ts";
import type { Finding, Look, Patient } from "../doctor/finding.ts";
import { type AppError, appError } from "../errors/app_error.ts";
import { within } from "../runtime/abortable.ts";
import { version } from "../version.ts";
import { formatDuration } from "../wait/duration.ts";

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

/** What takes longer is told as a problem, in milliseconds, so that the rest is looked at. */
const longestMs = 10_000;

type Part = [check: string, look: (patient: Patient) => Promise<Look>];

async function look(context: CommandContext): Promise<Examination> {
  const { examine, ok, problem } = await import("../doctor/finding.ts");
  const { checkSites, checkResources } = await import("../doctor/site_checks.ts");
  const machine = await import("../doctor/machine_checks.ts");
  const { checkCluster } = await import("../doctor/cluster_checks.ts");
  const { env, say, signal } = context;
  const surroundings = { env, say, signal, version, now: Date.now() };
  let namespace: string | undefined;
  const findings: Finding[] = [];
  const here = await examine("platform", surroundings, async () => {
    const platform = await context.platform();
    namespace = platform.namespace;
    const patient = { ...surroundings, platform };
    const found = [ok("platform", `${platform.name}, namespace "${namespace}"`)];
    const parts: Part[] = [
      ["data home", machine.checkHome],
      platform.controllerHost === undefined
        ? ["cluster", checkCluster]
        : ["controller", machine.checkController],
      ["site", checkSites],
      ["resources", checkResources],
    ];
    for (const [check, part] of parts) {
      context.progress(`Looking at the ${check}...`);
      const limitMs = Math.min(longestMs, context.deadline.remainingMs() / 2);
      const late = () =>
        appError("timed-out", { after: formatDuration(Math.ceil(limitMs)), what: `the ${check}` });
      const isServed = !found.some((one) => one.check === "controller" && one.state === "problem");
      const look = (bounded: AbortSignal) => part({ ...patient, isServed, signal: bounded });
      const seen = await examine(check, surroundings, () => within(limitMs, late, look, signal));
      found.push(...seen.findings);
      // what is behind would fail for the same reason
      if (seen.isShut && check !== "controller") break;
    }
    return { findings: found };
  });
  findings.push(...here.findings);
  for (const text of new Set(context.warned)) findings.push(problem("file", text));
  for (
    const [check, part] of [["proxy", machine.checkProxy], [
      "jf configuration",
      machine.checkConfiguration,
    ]] as const
  ) {
    const { findings: found } = await examine(check, surroundings, () => part(surroundings));
    findings.push(...found);
  }
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
