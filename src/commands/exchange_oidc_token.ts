import type { CommandContext } from "../cli/context.ts";
import { leafWithoutPlatform } from "../cli/leaf.ts";
import { type Sink, sinkOption } from "../cli/sink.ts";
import type { Runner } from "../cli/runner.ts";
import { appError } from "../errors/app_error.ts";
import type { ExchangedToken } from "../jfrog/access/oidc_exchange.ts";
import { environmentToken } from "../jfrog/environment_secret.ts";
import { bareToken } from "../jfrog/token_value.ts";
import { type AccessOptions, openAccess, withAccessOptions } from "./jfrog/access_options.ts";
import { deliverMade, openHanding } from "./jfrog/deliver_token.ts";
import { formatOption, type JfFormat } from "./jfrog/jf_format.ts";
import { failureOf, type JfFailure, orJfFailure } from "./jfrog/jf_failure.ts";
import { tokenTable } from "./jfrog/token_text.ts";

interface Options extends AccessOptions {
  oidcTokenId?: string;
  oidcAudience?: string;
  oidcProviderName?: string;
  oidcProviderType?: string;
  applicationKey?: string;
  project?: string;
  repository?: string;
  format?: JfFormat;
  to?: Sink;
}

/** Undefined where a token was made, which is printed by then. */
type Result = JfFailure | undefined;

/** `exchange-oidc-token [provider-name] [oidc-token-id]` (docs/spec/jfrog.md 5.1). */
export function exchangeOidcTokenCommand(run: Runner) {
  return withAccessOptions(
    leafWithoutPlatform(
      "exchange-oidc-token",
      "Exchange an OIDC provider's id token for an access token",
    ),
  )
    .argument("[provider-name]", "the OIDC integration at the platform, or --oidc-provider-name")
    .argument("[oidc-token-id]", "the id token, or JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID")
    .option("--oidc-provider-name <name>", "the OIDC integration at the platform")
    .option("--oidc-token-id <token>", "the id token")
    .option("--oidc-audience <audience>", "the audience of the id token")
    .option(
      "--oidc-provider-type <type>",
      "GitHub (the default), Azure or GenericOidc, or JFROG_CLI_OIDC_PROVIDER_TYPE",
    )
    .option("--application-key <key>", "the application, or JFROG_CLI_APPLICATION_KEY")
    .option("--project <key>", "the project, or JFROG_CLI_BUILD_PROJECT")
    .option("--repository <url>", "the repository, or JFROG_CLI_CI_VCS_URL")
    .addOption(formatOption())
    .addOption(sinkOption())
    .action(run({ text, data, failure: failureOf }, exchange));
}

async function exchange(
  context: CommandContext,
  providerArgument: string | undefined,
  tokenArgument: string | undefined,
  options: Options,
): Promise<Result> {
  const { exchangeOidcToken, oidcFromEnv, oidcProviderType } = await import(
    "../jfrog/access/oidc_exchange.ts"
  );
  const { projectApplicationKey } = await import("../jfrog/config/application_key.ts");
  const { env, say } = context;
  const format = options.format ?? "json";
  const [typeSource, type] = options.oidcProviderType
    ? ["--oidc-provider-type", options.oidcProviderType]
    : ["JFROG_CLI_OIDC_PROVIDER_TYPE", env["JFROG_CLI_OIDC_PROVIDER_TYPE"]];
  const providerType = oidcProviderType(type, typeSource);
  const providerName = required(
    providerArgument || options.oidcProviderName,
    "No OIDC provider is named",
    "Give the integration's name as the first argument or with --oidc-provider-name.",
  );
  const onCommandLine = tokenArgument || options.oidcTokenId;
  if (onCommandLine && say.program !== "jf") {
    context.warn(
      "Others on this machine can see the id token; JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID hides it",
    );
  }
  const tokenId = required(
    bareToken(onCommandLine ?? "") ||
      environmentToken(env, "JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID"),
    "There is no id token to exchange",
    "Set JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID to it.",
  );
  const { server, surroundings } = await openAccess(context, options);
  const fromEnv = oidcFromEnv(env);
  const details = {
    ...fromEnv,
    providerName,
    providerType,
    tokenId,
    audience: options.oidcAudience,
    applicationKey: options.applicationKey || fromEnv.applicationKey ||
      await projectApplicationKey(context.signal),
    projectKey: options.project || fromEnv.projectKey,
    repository: options.repository || fromEnv.repository,
  };
  const handing = await openHanding(context, options);
  return await orJfFailure(context, options.format, async () => {
    const token = await exchangeOidcToken(server, details, surroundings, context.deadline);
    const printed = { AccessToken: token.accessToken, Username: token.username };
    const text = await tokenText(token, printed, format);
    const secret = { value: token.accessToken, text };
    await deliverMade(context, printed, secret, undefined, handing);
    return undefined;
  });
}

function required(value: string | undefined, message: string, help: string): string {
  if (value) return value;
  throw appError("usage", { message, help });
}

/** What jf prints: setup-jfrog-cli reads the JSON. */
async function tokenText(
  token: ExchangedToken,
  printed: object,
  format: JfFormat,
): Promise<string> {
  const { writeGoJson } = await import("../jfrog/go_json.ts");
  if (format === "json") return writeGoJson(printed);
  return tokenTable({
    access_token: token.accessToken,
    username: token.username,
    issued_token_type: token.issuedTokenType,
    scope: token.scope,
    token_type: token.tokenType,
  }, ["access_token", "username", "issued_token_type", "scope", "token_type"]);
}

async function text(result: Result): Promise<string> {
  const { writeGoJson } = await import("../jfrog/go_json.ts");
  return result === undefined ? "" : writeGoJson(result.printed);
}

function data(result: Result): unknown {
  return result?.printed;
}
