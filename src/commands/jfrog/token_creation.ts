import type { CommandContext } from "../../cli/context.ts";
import { switchOption } from "../../cli/options.ts";
import type { leafWithoutPlatform } from "../../cli/leaf.ts";
import { revealOption } from "../../cli/reveal.ts";
import { type Sink, sinkOption } from "../../cli/sink.ts";
import type { Runner } from "../../cli/runner.ts";
import { type AppError, appError, isAppError } from "../../errors/app_error.ts";
import type { CreatedToken } from "../../jfrog/access/created_token.ts";
import type { AccessTokens } from "../../jfrog/access/tokens.ts";
import type { ShownRequest } from "../../jfrog/access/shown_request.ts";
import { type AccessOptions, openAccess, openTokens, withAccessOptions } from "./access_options.ts";
import { deliverCreated, openHanding } from "./deliver_token.ts";
import { formatOption, type JfFormat } from "./jf_format.ts";
import { failureOf, JfFailure, orJfFailure } from "./jf_failure.ts";

/** What the commands that make a token are told. */
export interface CreationOptions extends AccessOptions {
  project?: string;
  grantAdmin?: boolean;
  groups?: string;
  scope?: string;
  expiry?: string;
  refreshable?: boolean;
  description?: string;
  audience?: string;
  reference?: boolean;
  forceRevocable?: boolean;
  format?: JfFormat;
  dryRun?: boolean;
  strict?: boolean;
  to?: Sink;
  /** False where the token is not to be seen. */
  reveal?: boolean;
}

/** Undefined where a token was made, which is printed by then. */
type Result = ShownRequest | JfFailure | undefined;

/** What the commands that make a token do, in one line. */
export const creationSummary = "Create an access token of the JFrog Platform";

/**
 * The command with what makes a token: `[username]` and its options (docs/spec/jfrog.md 1).
 * `complete` puts in what the command takes for granted, which `standardLife` says of --expiry.
 */
export function withTokenCreation(
  run: Runner,
  command: ReturnType<typeof leafWithoutPlatform>,
  standardLife = "the platform's",
  complete = (options: CreationOptions) => options,
) {
  return tokenCreation(command, standardLife)
    .action(run(
      { text, data, failure: failureOf },
      (context, username: string | undefined, options: CreationOptions) =>
        create(context, username, complete(options)),
    ));
}

/** The same for a command that jf does not have: what it prints is not shown unasked. */
export function withGuardedCreation(run: Runner, command: ReturnType<typeof leafWithoutPlatform>) {
  return tokenCreation(command)
    .addOption(revealOption())
    .action(run(
      { text, data, failure: failureOf },
      (context, username: string | undefined, { reveal, ...options }: CreationOptions) =>
        create(context, username, { ...options, reveal: reveal === true }),
    ));
}

function tokenCreation(
  command: ReturnType<typeof leafWithoutPlatform>,
  standardLife = "the platform's",
) {
  return withAccessOptions(command)
    .argument("[username]", "whose token it is; by default the user's who asks")
    .option("--project <key>", "the project the token is for")
    .addOption(switchOption("grant-admin", "make it an administrator's token"))
    .option("--groups <list>", "the groups it belongs to, separated by commas")
    .option("--scope <scope>", "what it may do, in place of --groups and --grant-admin")
    .option(
      "--expiry <time>",
      "its life in seconds, or as a duration such as 24h; 0 is without end; by default " +
        standardLife,
    )
    .addOption(switchOption("refreshable", "make a refresh token with it"))
    .option("--description <text>", "what it is for, at most 1024 characters")
    .option("--audience <ids>", "the services that accept it, separated by spaces")
    .addOption(switchOption("reference", "make a reference token with it, a short name for it"))
    .addOption(switchOption("force-revocable", "let it be revoked even if its life is short"))
    .addOption(formatOption())
    .addOption(sinkOption())
    .addOption(
      switchOption("strict", "fail, and revoke the token, where it is not what was asked for"),
    )
    .addOption(switchOption("dry-run", "print the request that would be sent, secrets masked"));
}

async function create(
  context: CommandContext,
  username: string | undefined,
  options: CreationOptions,
): Promise<Result> {
  const { tokenRequest } = await import("../../jfrog/access/token_request.ts");
  const { differences } = await import("../../jfrog/access/asked_and_given.ts");
  const { requireCredentials } = await import("../../jfrog/access/server_choice.ts");
  const access = await openAccess(context, options);
  requireCredentials(access.server);
  const request = tokenRequest({ ...options, username }, access.server.user);
  const format = options.format ?? "json";
  if (options.dryRun) {
    const { showRequest } = await import("../../jfrog/access/shown_request.ts");
    return showRequest(access.server, request);
  }
  const handing = await openHanding(context, options);
  return await orJfFailure(context, options.format, async () => {
    const tokens = await openTokens(context, access);
    const token = await tokens.create(request);
    const lacks = differences(request, token);
    if (options.strict && lacks.length > 0) throw await takeBack(tokens, token, lacks);
    lacks.forEach((lack) => context.warn(lack));
    await deliverCreated(context, token, format, handing);
    return undefined;
  });
}

/** The error to end with, once the token that is not as it was asked for is revoked. */
async function takeBack(
  tokens: AccessTokens,
  { token_id = "", access_token: token }: CreatedToken,
  lacks: string[],
): Promise<AppError> {
  const { isTokenId } = await import("../../jfrog/token_value.ts");
  const id = isTokenId(token_id) ? token_id : "";
  const why = lacks.join("; ");
  try {
    const { revoked } = id === "" ? await tokens.revokeValue(token) : await tokens.revoke(id);
    if (revoked) return appError("access-token-differs", { why, id });
    // a short life is not kept, and what is not kept is not revoked
    const problem = "the server, which has just made it, does not know it";
    return appError("access-token-differs", { why, id, problem });
  } catch (cause) {
    const problem = isAppError(cause) ? cause.message : String(cause);
    return appError("access-token-differs", { why, id, problem }, { cause });
  }
}

/** What there is to print beside a token. */
async function text(result: Result): Promise<string> {
  if (result === undefined) return "";
  const { writeGoJson } = await import("../../jfrog/go_json.ts");
  if (result instanceof JfFailure) return writeGoJson(result.printed);
  const { request, identity, headers, body } = result;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`).join("");
  return `${request}\n(asked as): ${identity}\n${lines}\n${writeGoJson(body)}`;
}

function data(result: Result): unknown {
  return result instanceof JfFailure ? result.printed : result;
}
