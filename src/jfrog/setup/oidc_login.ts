import { environmentToken } from "../environment_secret.ts";
import { bareToken } from "../token_value.ts";
import { appError } from "../../errors/app_error.ts";
import { projectApplicationKey } from "../config/application_key.ts";
import { exchangeOidcToken, oidcFromEnv, oidcProviderType } from "../access/oidc_exchange.ts";
import type { Deadline } from "../../wait/deadline.ts";
import { platformUrl } from "../platform_url.ts";
import type { Dialogue } from "./dialogue.ts";

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
  { env }: Dialogue,
  { oidcProviderType: type }: OidcOptions,
) {
  return oidcProviderType(type || env["JFROG_CLI_OIDC_PROVIDER_TYPE"], "--oidc-provider-type");
}

/**
 * The access token that an id token is exchanged for; undefined where no provider is named. Throws
 * `usage` where something is missing, and what the exchange throws.
 */
export async function exchangedToken(
  dialogue: Dialogue,
  options: OidcOptions & { insecureTls?: boolean },
  url: string | undefined,
  deadline: Deadline,
): Promise<string | undefined> {
  const { env, surroundings } = dialogue;
  const providerType = chosenProviderType(dialogue, options);
  const { oidcProviderName: providerName } = options;
  if (!providerName) return undefined;
  if (options.oidcTokenId) {
    surroundings.warn(
      "Others on this machine can see --oidc-token-id; JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID hides it",
    );
  }
  const tokenId = bareToken(options.oidcTokenId ?? "") ||
    environmentToken(env, "JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID");
  const missing = (message: string, help: string) => appError("usage", { message, help });
  if (!tokenId) {
    const help = "Give JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID or --oidc-token-id.";
    throw missing("There is no id token to exchange", help);
  }
  if (!url) throw missing("There is no server to exchange the id token at", "Give --url.");
  const server = {
    url: platformUrl(url, "--url", surroundings.warn),
    insecureTls: options.insecureTls === true,
  };
  const fromEnv = oidcFromEnv(env);
  const exchange = {
    ...fromEnv,
    ...{ providerName, providerType, tokenId, audience: options.oidcAudience },
    applicationKey: options.applicationKey || fromEnv.applicationKey ||
      await projectApplicationKey(dialogue.signal),
  };
  const exchanged = await exchangeOidcToken(server, exchange, surroundings, deadline);
  return exchanged.accessToken;
}
