import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { type AccessOptions, openAccess, withAccessOptions } from "../jfrog/access_options.ts";

/** `rt ping`. */
export function rtPing(run: Runner) {
  return withAccessOptions(leafWithoutPlatform("ping", "Ask Artifactory whether it is up"))
    .action(run({ text: ({ answer }) => answer }, ping));
}

async function ping(context: CommandContext, options: AccessOptions): Promise<{ answer: string }> {
  const { pingArtifactory } = await import("../../jfrog/access/ping.ts");
  const { server, surroundings } = await openAccess(context, options);
  const { said } = await pingArtifactory(server, surroundings, context.deadline);
  return { answer: said };
}
