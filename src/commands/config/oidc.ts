import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import type { AccessSurroundings } from "../../jfrog/access_server.ts";
import { projectApplicationKey } from "../../jfrog/config/application_key.ts";
import {
  exchangeOidcToken,
  oidcFromEnv,
  oidcProviderType,
} from "../../jfrog/access/oidc_exchange.ts";
import type { Deadline } from "../../wait/deadline.ts";
import { platformUrl } from "../../jfrog/platform_url.ts";

/** What `config add` is told of an id token to exchange. */
export interface OidcOptions {
  oidcProviderName?: string;
  oidcTokenId?: string;
  oidcAudience?: string;
  oidcProviderType?: string;
  applicationKey?: string;
}

/** The type of provider in force, which is checked before all else. Throws `invalid-value`. */
export function chosenProviderType(
  { env }: CommandContext,
  { oidcProviderType: type }: OidcOptions,
) {
  return oidcProviderType(type || env["JFROG_CLI_OIDC_PROVIDER_TYPE"], "--oidc-provider-type");
}

/**
 * The access token that an id token is exchanged for; undefined where no provider is named. Throws
 * `usage` where something is missing, and what the exchange throws.
 */
export async function exchangedToken(
  context: CommandContext,
  options: OidcOptions & { insecureTls?: boolean },
  url: string | undefined,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<string | undefined> {
  const { env } = context;
  const providerType = chosenProviderType(context, options);
  const { oidcProviderName: providerName } = options;
  if (!providerName) return undefined;
  if (options.oidcTokenId) {
    context.warn(
      "Others on this machine can see --oidc-token-id; JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID hides it",
    );
  }
  const tokenId = options.oidcTokenId || env["JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID"];
  const missing = (message: string, help: string) => appError("usage", { message, help });
  if (!tokenId) {
    const help = "Give JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID or --oidc-token-id.";
    throw missing("There is no id token to exchange", help);
  }
  if (!url) throw missing("There is no server to exchange the id token at", "Give --url.");
  const server = {
    url: platformUrl(url, "--url", context.warn),
    insecureTls: options.insecureTls === true,
  };
  const fromEnv = oidcFromEnv(env);
  const exchange = {
    ...fromEnv,
    ...{ providerName, providerType, tokenId, audience: options.oidcAudience },
    applicationKey: options.applicationKey || fromEnv.applicationKey ||
      await projectApplicationKey(context.signal),
  };
  const exchanged = await exchangeOidcToken(server, exchange, surroundings, deadline);
  return exchanged.accessToken;
}
