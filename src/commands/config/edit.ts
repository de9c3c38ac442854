import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { type ServerOptions, withServerOptions } from "./options.ts";

/** `config edit <server-id>` (spec/jfrog.md 4.1): what is not given stays as it is. */
export function configEdit(run: Runner) {
  return withServerOptions(
    leafWithoutPlatform("edit", "Change a JFrog server; what is not given stays as it is"),
  )
    .argument("<server-id>", "its name")
    .action(run({ text: () => "" }, edit));
}

async function edit(context: CommandContext, id: string, options: ServerOptions) {
  const { editServer } = await import("./change.ts");
  return await editServer(context, id, options);
}
