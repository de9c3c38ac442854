import { leaf } from "../cli/leaf.ts";
import { timeoutOption } from "../cli/options.ts";
import type { Runner } from "../cli/runner.ts";
import { describeResource } from "../declarative/description.ts";
import { escapeControls } from "../cli/printable.ts";
import { asKubectl, findResources } from "./declarative/found_resources.ts";
import { resourcesArgument, showSecretsOption } from "./declarative/options.ts";

/** `describe <resource...>`, as `kubectl describe` has it. */
export function describeCommand(run: Runner) {
  return leaf("describe", "Show resources field by field, as kubectl describe does", {
    formats: ["name"],
  })
    .addArgument(resourcesArgument(true))
    .addOption(showSecretsOption())
    .addOption(timeoutOption("60s"))
    .action(run({
      text: ({ resources }) =>
        resources.map((resource) =>
          describeResource(resource).map((line) => `${escapeControls(line)}\n`).join("")
        ).join("\n\n"),
      data: (found) => asKubectl(found),
      isPlain: true,
      failure: ({ missing }) => missing,
    }, findResources));
}
