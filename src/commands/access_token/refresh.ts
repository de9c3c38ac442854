import type { CommandContext } from "../../cli/context.ts";
import { switchOption } from "../../cli/options.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import { revealOption } from "../../cli/reveal.ts";
import { type Sink, sinkOption } from "../../cli/sink.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import type { Refreshed } from "../../jfrog/access/token_refresh.ts";
import {
  type AccessOptions,
  type ChosenAccess,
  openAccess,
  withAccessOptions,
} from "../jfrog/access_options.ts";
import { deliverCreated, openHanding } from "../jfrog/deliver_token.ts";
import { formatOption, type JfFormat } from "../jfrog/jf_format.ts";
import { givenSecrets } from "../jfrog/given_secret.ts";

interface Options extends AccessOptions {
  refreshToken?: string;
  refreshTokenStdin?: boolean;
  format?: JfFormat;
  to?: Sink;
  reveal?: true;
}

/** `access-token refresh`. */
export function accessTokenRefresh(run: Runner) {
  return withAccessOptions(
    leafWithoutPlatform("refresh", "Exchange a refresh token for a new access token"),
  )
    .addOption(
      switchOption(
        "refresh-token-stdin",
        "read the refresh token from stdin, and print what it is exchanged for; " +
          "by default a configured server's is used, and what comes is stored there",
      ),
    )
    .option("--refresh-token <token>", "the same as an argument")
    .addOption(formatOption())
    .addOption(sinkOption())
    .addOption(revealOption())
    .action(
      run({ text, data, failure: (result) => result?.problem }, refresh),
    );
}

/** Undefined where the refresh token was given: what it was exchanged for is printed by then. */
type Result = Refreshed | undefined;

async function refresh(context: CommandContext, options: Options): Promise<Result> {
  const format = options.format ?? "json";
  if (options.refreshTokenStdin && (options.accessTokenStdin || options.passwordStdin)) {
    throw appError("usage", {
      message: "Standard input holds one secret",
      help: "Give the access token with JFROG_CLI_ACCESS_TOKEN.",
    });
  }
  const [given] = await givenSecrets(context, [
    { name: "refresh-token", value: options.refreshToken, onStdin: options.refreshTokenStdin },
  ]);
  const access = await openAccess(context, options);
  if (given === undefined && options.to !== undefined) {
    throw appError("usage", {
      message: "--to hands over what a given refresh token is exchanged for, and none is given",
      help: "Give it with --refresh-token-stdin; a configured server's tokens stay in its file.",
    });
  }
  if (given === undefined) return await refreshStored(context, access);
  const { AccessTokens } = await import("../../jfrog/access/tokens.ts");
  const { server, surroundings } = access;
  const tokens = new AccessTokens(server, surroundings, context.deadline);
  const { credentials } = server;
  const current = credentials && "accessToken" in credentials ? credentials.accessToken : undefined;
  const handing = await openHanding(context, { ...options, reveal: options.reveal === true });
  await deliverCreated(context, await tokens.refresh(given, current), format, handing);
  return undefined;
}

async function refreshStored(
  context: CommandContext,
  { server, surroundings, store }: ChosenAccess,
): Promise<Refreshed> {
  const { configured } = server;
  if (configured === undefined) throw appError("refresh-token-missing", {});
  const { refreshConfigured } = await import("../../jfrog/access/token_refresh.ts");
  const seen = configured.accessToken ?? "";
  return await refreshConfigured(server, await store(), surroundings, context.deadline, seen);
}

function text(result: Result): string {
  if (result === undefined) return "";
  const { serverId, byUs } = result;
  return byUs
    ? `The access token of server "${serverId}" is refreshed.`
    : `The access token of server "${serverId}" was refreshed by somebody else just now.`;
}

/** Without the token of a configured server: it is where it belongs. */
function data(result: Result): unknown {
  return result && { serverId: result.serverId, byUs: result.byUs };
}
