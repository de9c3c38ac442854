import { appError } from "../../errors/app_error.ts";
import type { Deadline } from "../../wait/deadline.ts";
import { ask } from "./exchange.ts";
import { type AccessServer, type AccessSurroundings, secretsIn } from "../access_server.ts";
import { describeFailedAnswer, isSuccess } from "./failed_answer.ts";
import { writeGoJson } from "../go_json.ts";
import { readJsonObject } from "./json_answer.ts";

/** The kinds of OIDC provider that the platform knows. */
const oidcProviderTypes = ["GitHub", "Azure", "GenericOidc"] as const;
type OidcProviderType = (typeof oidcProviderTypes)[number];

/** What an id token is exchanged by; undefined or "" is left out (docs/spec/jfrog.md 5.1). */
export interface OidcExchange {
  /** The name of the integration at the platform. */
  providerName: string;
  providerType: OidcProviderType;
  /** The provider's id token: a secret. */
  tokenId: string;
  audience?: string | undefined;
  projectKey?: string | undefined;
  applicationKey?: string | undefined;
  jobId?: string | undefined;
  runId?: string | undefined;
  repository?: string | undefined;
  revision?: string | undefined;
  branch?: string | undefined;
}

/** What came back for an id token. */
export interface ExchangedToken {
  accessToken: string;
  /** "" where the server does not say. */
  username: string;
  issuedTokenType?: string;
  scope?: string;
  tokenType?: string;
}

/** The type of provider by its name in any case; GitHub for none. Throws `invalid-value`. */
export function oidcProviderType(name: string | undefined, source: string): OidcProviderType {
  const found = name
    ? oidcProviderTypes.find((type) => type.toLowerCase() === name.toLowerCase())
    : "GitHub";
  if (found !== undefined) return found;
  const wanted = `one of ${oidcProviderTypes.join(", ")}`;
  throw appError("invalid-value", { name: source, value: name ?? "", wanted });
}

/** What the environment says of the job an exchange is made for, the secret and the kind apart. */
export function oidcFromEnv(env: Record<string, string | undefined>): Partial<OidcExchange> {
  return {
    projectKey: env["JFROG_CLI_BUILD_PROJECT"],
    applicationKey: env["JFROG_CLI_APPLICATION_KEY"],
    jobId: env["JFROG_CLI_CI_JOB_ID"],
    runId: env["JFROG_CLI_CI_RUN_ID"],
    repository: env["JFROG_CLI_CI_VCS_URL"],
    revision: env["JFROG_CLI_CI_VCS_REVISION"],
    branch: env["JFROG_CLI_CI_BRANCH"],
  };
}

/** The body of the exchange, in jf's order. */
function oidcBody(exchange: OidcExchange): Record<string, string> {
  const fields: [string, string | undefined][] = [
    ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
    ["subject_token_type", "urn:ietf:params:oauth:token-type:id_token"],
    ["subject_token", exchange.tokenId],
    ["provider_name", exchange.providerName],
    ["project_key", exchange.projectKey],
    ["job_id", exchange.jobId],
    ["run_id", exchange.runId],
    ["audience", exchange.audience],
    ["provider_type", exchange.providerType],
    ["repo", exchange.repository],
    ["revision", exchange.revision],
    ["branch", exchange.branch],
    ["application_key", exchange.applicationKey],
  ];
  const given = fields.filter((field): field is [string, string] => Boolean(field[1]));
  return Object.fromEntries(given);
}

/** Where an id token is exchanged, below the platform's url. */
const oidcPath = "access/api/v1/oidc/token";

/**
 * Exchanges a provider's id token for an access token of the platform. The server's credentials go
 * along where it has some. Throws what `ask` and `describeFailedAnswer` do, and
 * `access-answer-invalid` for a success without a token.
 */
export async function exchangeOidcToken(
  server: AccessServer,
  exchange: OidcExchange,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<ExchangedToken> {
  const body = { type: "application/json", text: writeGoJson(oidcBody(exchange), 0) };
  const request = { method: "POST", path: oidcPath, body, mints: true } as const;
  const answer = await ask(server, request, surroundings, deadline);
  const url = server.url + oidcPath;
  if (!isSuccess(answer)) {
    const secrets = [exchange.tokenId, ...secretsIn(server.credentials)];
    throw describeFailedAnswer(answer, url, secrets, request);
  }
  const fields = readJsonObject(answer, url, { mints: true });
  const textOf = (name: string) => {
    const value = fields.get(name);
    return typeof value === "string" ? value : undefined;
  };
  const accessToken = textOf("access_token");
  if (!accessToken) {
    throw appError("access-answer-invalid", { url, why: "there is no token in it", mints: true });
  }
  const optional = {
    issuedTokenType: textOf("issued_token_type"),
    scope: textOf("scope"),
    tokenType: textOf("token_type"),
  };
  const given = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { accessToken, username: textOf("username") ?? "", ...Object.fromEntries(given) };
}
