import { leaf } from "../cli/leaf.ts";
import { timeoutOption } from "../cli/options.ts";
import { table } from "../cli/output.ts";
import type { Runner } from "../cli/runner.ts";
import { resourceRows } from "../declarative/resource_table.ts";
import { asKubectl, findResources, type FoundResources } from "./declarative/found_resources.ts";
import { resourcesArgument, showSecretsOption } from "./declarative/options.ts";

/** `get <resource...>`, as `kubectl get` has it. */
export function getCommand(run: Runner) {
  return leaf("get", "Show resources, as kubectl get does, on every platform", {
    formats: ["wide", "name"],
  })
    .addArgument(resourcesArgument(true))
    .addOption(showSecretsOption())
    .addOption(timeoutOption("60s"))
    .action(run({
      text: (found) => tables(found, false),
      wide: (found) => tables(found, true),
      data: (found) => asKubectl(found),
      isPlain: true,
      failure: ({ missing }) => missing,
    }, findResources));
}

/** A table for each kind, in the order in which they were asked for. */
function tables({ resources, isMixed }: FoundResources, wide: boolean): string {
  const now = Date.now();
  const byKind = Map.groupBy(resources, ({ kind }) => kind);
  return [...byKind.values()]
    .map((each) => table(resourceRows(each, { wide, withKind: isMixed, now })))
    .join("\n");
}
