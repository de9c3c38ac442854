import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import type { leafWithoutPlatform } from "../../cli/leaf.ts";
import { switchOption, timeoutOption } from "../../cli/options.ts";
import type { AccessSurroundings } from "../../jfrog/access_server.ts";
import type { AccessTokens } from "../../jfrog/access/tokens.ts";
import type { ServerStore } from "../../jfrog/server.ts";
import type { ChosenServer } from "../../jfrog/access/server_choice.ts";
import { givenSecrets } from "./given_secret.ts";

/** Which server is asked, and how. */
export interface AccessOptions {
  url?: string;
  user?: string;
  password?: string;
  passwordStdin?: boolean;
  accessToken?: string;
  accessTokenStdin?: boolean;
  serverId?: string;
  sshKeyPath?: string;
  sshPassphrase?: string;
  clientCertPath?: string;
  clientCertKeyPath?: string;
  insecureTls?: boolean;
}

const heading = "Options for the server:";

/** The command with the options that say which server is asked, and how. */
export function withAccessOptions(command: ReturnType<typeof leafWithoutPlatform>) {
  return command
    .addOption(grouped("--url <url>", "the platform's url; by default JFROG_CLI_URL's"))
    .addOption(grouped("--server-id <id>", "a configured server; by default JFROG_CLI_SERVER_ID's"))
    .addOption(
      switchOption("access-token-stdin", "read the access token to ask with from stdin")
        .helpGroup(heading),
    )
    .addOption(
      grouped("--access-token <token>", "the same as an argument, or JFROG_CLI_ACCESS_TOKEN"),
    )
    .addOption(grouped("--user <name>", "the user to ask as, or JFROG_CLI_USER"))
    .addOption(
      switchOption("password-stdin", "read the user's password from stdin").helpGroup(heading),
    )
    .addOption(grouped("--password <password>", "the same as an argument, or JFROG_CLI_PASSWORD"))
    .addOption(grouped("--client-cert-path <file>", "client certificate (PEM)"))
    .addOption(grouped("--client-cert-key-path <file>", "its private key, if in another file"))
    .addOption(grouped("--ssh-key-path <file>", "accepted, without effect").hideHelp())
    .addOption(grouped("--ssh-passphrase <passphrase>", "accepted, without effect").hideHelp())
    .addOption(
      switchOption("insecure-tls", "do not check the server's certificate").helpGroup(heading),
    )
    .addOption(timeoutOption("60s"));
}

function grouped<F extends string>(flags: F, description: string) {
  return new Option(flags, description).helpGroup(heading);
}

/** A server that can be asked. */
export interface ChosenAccess {
  server: ChosenServer;
  surroundings: AccessSurroundings;
  store(): Promise<ServerStore>;
}

/**
 * The server that the options choose, and what it takes to ask it. Throws what `givenSecrets` and
 * `chooseServer` throw.
 */
export async function openAccess(
  context: CommandContext,
  options: AccessOptions,
): Promise<ChosenAccess> {
  const { chooseServer } = await import("../../jfrog/access/server_choice.ts");
  const { surroundingsOf } = await import("./surroundings.ts");
  const [accessToken, password] = await givenSecrets(context, [
    { name: "access-token", value: options.accessToken, onStdin: options.accessTokenStdin },
    { name: "password", value: options.password, onStdin: options.passwordStdin },
  ]);
  const { env, warn, detail } = context;
  // options often say everything, and then nothing is to be read
  const store = async () => (await import("../../jfrog/config/store.ts")).openServerStore(env);
  const server = await chooseServer(
    { ...options, accessToken, password },
    { env, openStore: store, warn, detail },
    context.signal,
  );
  return { server, surroundings: surroundingsOf(context), store };
}

/**
 * The tokens of the server. Its access token is refreshed first where that is due. Throws what
 * `requireCredentials` and `withFreshToken` throw.
 */
export async function openTokens(
  context: CommandContext,
  access: ChosenAccess,
): Promise<AccessTokens> {
  const { requireCredentials } = await import("../../jfrog/access/server_choice.ts");
  const { AccessTokens } = await import("../../jfrog/access/tokens.ts");
  const { server, surroundings, store } = access;
  requireCredentials(server);
  if (server.configured === undefined) {
    return new AccessTokens(server, surroundings, context.deadline);
  }
  const { withFreshToken } = await import("../../jfrog/access/token_refresh.ts");
  const fresh = await withFreshToken(server, await store(), surroundings, context.deadline);
  return new AccessTokens(fresh, surroundings, context.deadline);
}
