import type { CommandContext } from "../../cli/context.ts";
import type { leafWithoutPlatform } from "../../cli/leaf.ts";
import { switchOption } from "../../cli/options.ts";
import type { Server } from "../../jfrog/server.ts";
import type { Dialogue } from "../../jfrog/setup/dialogue.ts";
import { givenSecrets } from "../jfrog/given_secret.ts";
import { surroundingsOf } from "../jfrog/surroundings.ts";

/** What `config add` and `config edit` are told of a server. */
export interface ServerOptions {
  url?: string;
  artifactoryUrl?: string;
  distributionUrl?: string;
  xrayUrl?: string;
  missionControlUrl?: string;
  pipelinesUrl?: string;
  user?: string;
  password?: string;
  passwordStdin?: boolean;
  accessToken?: string;
  accessTokenStdin?: boolean;
  sshKeyPath?: string;
  sshPassphrase?: string;
  clientCertPath?: string;
  clientCertKeyPath?: string;
  basicAuthOnly?: boolean;
  disableTokenRefresh?: boolean;
  encPassword?: boolean;
  insecureTls?: boolean;
  interactive?: boolean;
  legacy?: boolean;
}

/** The command with the options that tell of a server, as jf has them (docs/spec/jfrog.md 4.1). */
export function withServerOptions(command: ReturnType<typeof leafWithoutPlatform>) {
  return command
    .option("--url <url>", "the JFrog Platform's url")
    .option("--artifactory-url <url>", "Artifactory's url, where it is not below the platform's")
    .option("--distribution-url <url>", "Distribution's url, where it is not below the platform's")
    .option("--xray-url <url>", "Xray's url, where it is not below the platform's")
    .option("--mission-control-url <url>", "Mission Control's url, if not below the platform's")
    .option("--pipelines-url <url>", "Pipelines' url, where it is not below the platform's")
    .option("--user <name>", "the user")
    .option("--password <password>", "the user's password; others see it: --password-stdin")
    .addOption(switchOption("password-stdin", "read the password from standard input"))
    .option("--access-token <token>", "an access token; others see it: --access-token-stdin")
    .addOption(switchOption("access-token-stdin", "read the access token from standard input"))
    .option("--ssh-key-path <file>", "the SSH private key's file")
    .option("--ssh-passphrase <passphrase>", "the SSH key's passphrase")
    .option("--client-cert-path <file>", "the client certificate's file, PEM")
    .option("--client-cert-key-path <file>", "the client certificate's private key, PEM")
    .addOption(switchOption("basic-auth-only", "never make a token of user and password"))
    .addOption(switchOption("disable-token-refresh", "never refresh the access token"))
    .addOption(
      switchOption("enc-password", "have the server encrypt the password; by default true"),
    )
    .addOption(switchOption("insecure-tls", "do not check the server's certificate now"))
    .addOption(
      switchOption(
        "interactive",
        "ask for what is not given; by default on a terminal, outside CI",
      ),
    )
    .addOption(switchOption("legacy", "ask for the url of each service").hideHelp());
}

/**
 * The fields of a server that options give, secrets from stdin included; a field is there if its
 * option is. Throws `usage` for a secret given twice, or one that stdin was to give and did not.
 */
export async function givenServer(
  context: CommandContext,
  options: ServerOptions,
): Promise<Server> {
  const [password, accessToken] = await givenSecrets(context, [
    { name: "password", value: options.password, onStdin: options.passwordStdin },
    { name: "access-token", value: options.accessToken, onStdin: options.accessTokenStdin },
  ]);
  const { url, artifactoryUrl, distributionUrl, xrayUrl, missionControlUrl, pipelinesUrl } =
    options;
  const { user, sshKeyPath, sshPassphrase, clientCertPath, clientCertKeyPath } = options;
  const { disableTokenRefresh } = options;
  const all: Record<string, string | boolean | undefined> = {
    ...{ url, artifactoryUrl, distributionUrl, xrayUrl, missionControlUrl, pipelinesUrl },
    ...{ user, password, sshKeyPath, sshPassphrase, accessToken },
    ...{ clientCertPath, clientCertKeyPath, disableTokenRefresh },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Who adds or changes a server by the command. Throws `jfrog-home-unknown`. */
export function dialogueOf(context: CommandContext, { interactive }: ServerOptions): Dialogue {
  const { env, signal, ask, stdinIsTerminal } = context;
  const inCi = isInCi(context);
  return {
    ...{ env, signal, ask, isInCi: inCi },
    isInteractive: interactive ?? (stdinIsTerminal && !inCi),
    surroundings: surroundingsOf(context),
  };
}

/** True if CI is set, and not to a word for no: services set it to their name, too. */
export function isInCi({ env }: CommandContext): boolean {
  return !/^(|0|f|false|no)$/i.test(env["CI"] ?? "");
}
