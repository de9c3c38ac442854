import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { dialogueOf, givenServer, type ServerOptions, withServerOptions } from "./options.ts";

/** `config edit <server-id>` (docs/spec/jfrog.md 4.1): what is not given stays as it is. */
export function configEdit(run: Runner) {
  return withServerOptions(
    leafWithoutPlatform("edit", "Change a JFrog server; what is not given stays as it is", {
      formats: ["name"],
    }),
  )
    .argument("<server-id>", "its name")
    .action(run({ text: () => "", names: ({ serverId = "" }) => [serverId] }, edit));
}

async function edit(context: CommandContext, id: string, options: ServerOptions) {
  const { editServer } = await import("../../jfrog/setup/change.ts");
  const { maskServer } = await import("../../jfrog/config/masked_server.ts");
  const given = await givenServer(context, options);
  return maskServer(await editServer(dialogueOf(context, options), id, given, options));
}
