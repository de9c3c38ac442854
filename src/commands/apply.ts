import type { CommandContext } from "../cli/context.ts";
import { leaf } from "../cli/leaf.ts";
import { timeoutOption } from "../cli/options.ts";
import { qualifiedName } from "../cli/resource_names.ts";
import type { Runner } from "../cli/runner.ts";
import {
  type AppliedChange,
  applyManifest,
  inOrder,
  rehearse,
} from "../declarative/apply_manifests.ts";
import { hideValues } from "../declarative/hidden_values.ts";
import { appError } from "../errors/app_error.ts";
import type { Resource } from "../resources/kinds.ts";
import { isPending, type LiveChange } from "../router/live_change.ts";
import { openManifests } from "./declarative/files_in_force.ts";
import { asKubectl } from "./declarative/found_resources.ts";
import { filenameOption } from "./declarative/options.ts";
import { putLinksToUse } from "./declarative/put_links_to_use.ts";

/** A resource, and of a Link what came of it in the router that runs. */
type AppliedResource = Resource & { live?: LiveChange };

interface Applied {
  resources: AppliedResource[];
  /** A line for each. */
  lines: string[];
}

/** `apply -f <file>`, as `kubectl apply` has it. */
export function applyCommand(run: Runner) {
  return leaf("apply", "Have resources be as files say, as kubectl apply does", {
    formats: ["name"],
  })
    .addOption(filenameOption())
    .option("--dry-run", "see whether all of it could be applied, and store nothing")
    .addOption(timeoutOption("60s"))
    .action(run({
      text: ({ lines }) => lines.join("\n"),
      data: ({ resources }) => asKubectl({ resources, isOne: resources.length === 1 }),
      isPlain: true,
    }, apply));
}

async function apply(
  context: CommandContext,
  { filename, dryRun = false }: { filename: string[]; dryRun?: true | false },
): Promise<Applied> {
  const { signal } = context;
  if (filename.length === 0) throw noFile(context.say.command("apply -f <file>"));
  const all = inOrder(await openManifests(context, filename));
  if (all.length === 0) throw noResource(filename);
  context.concern(...all.map(({ resource }) => resource.kind));
  await rehearse(all, signal);
  const lines: string[] = [];
  const resources: AppliedResource[] = [];
  for (const application of all) {
    const { resource, platform } = application;
    const { kind, apiVersion, metadata: { name } } = resource;
    const line = (change: AppliedChange | "checked") =>
      `${qualifiedName(kind, name, apiVersion)} ${change}`;
    if (dryRun) {
      lines.push(`${line("checked")} (dry run)`);
      resources.push(hideValues(resource));
      continue;
    }
    const change = await applyManifest(platform, resource, signal);
    context.done(`${line(change)}.`);
    const live = await putLinksToUse(application, change, all, context);
    lines.push(line(change) + (isPending(live) ? ", but its router does not have that yet" : ""));
    const stored = await platform.get(kind, name, signal) as Resource | undefined;
    resources.push({ ...hideValues(stored ?? resource), ...(live === undefined ? {} : { live }) });
  }
  return { resources, lines };
}

function noFile(command: string) {
  return appError("usage", {
    message: "No file is named",
    help: command,
  });
}

function noResource(files: string[]) {
  return appError("usage", {
    message: `There is no resource in ${files.join(", ")}`,
    help: "A resource has apiVersion, kind and metadata.",
  });
}
