import type { CommandContext } from "../../cli/context.ts";
import { switchOption } from "../../cli/options.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import type { OidcOptions } from "../../jfrog/setup/oidc_login.ts";
import { dialogueOf, givenServer, type ServerOptions, withServerOptions } from "./options.ts";

type Options = ServerOptions & OidcOptions & { overwrite?: boolean };

/** `config add [server-id]` (docs/spec/jfrog.md 4.1). */
export function configAdd(run: Runner) {
  return withServerOptions(leafWithoutPlatform("add", "Add a JFrog server", { formats: ["name"] }))
    .argument(
      "[server-id]",
      "the name to give it; by default JFROG_CLI_SERVER_ID, or Default-Server",
    )
    .addOption(switchOption("overwrite", "replace a server of that name"))
    .option("--oidc-provider-name <name>", "exchange an id token of this provider for a token")
    .option(
      "--oidc-token-id <token>",
      "the id token; by default JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID's",
    )
    .option("--oidc-audience <audience>", "the audience of the id token")
    .option(
      "--oidc-provider-type <type>",
      "GitHub, Azure or GenericOidc; by default JFROG_CLI_OIDC_PROVIDER_TYPE's, else GitHub",
    )
    .option("--application-key <key>", "the JFrog application the token is for")
    .action(run({ text: () => "", names: ({ serverId = "" }) => [serverId] }, add));
}

async function add(context: CommandContext, id: string | undefined, options: Options) {
  const { addServer } = await import("../../jfrog/setup/change.ts");
  const { maskServer } = await import("../../jfrog/config/masked_server.ts");
  const given = await givenServer(context, options);
  return maskServer(await addServer(dialogueOf(context, options), id, given, options));
}
