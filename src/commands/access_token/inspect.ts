import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import { fields } from "../../cli/output.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import { bareToken, isTokenValue } from "../../jfrog/token_value.ts";
import type { TokenInspection } from "../../jfrog/token_inspection.ts";
import { readGivenToken } from "./given_token.ts";

interface Inspected extends TokenInspection {
  /** The configured server whose token it is. */
  server?: string;
}

/** `access-token inspect [token]`: nobody is asked. */
export function accessTokenInspect(run: Runner) {
  return leafWithoutPlatform(
    "inspect",
    "Show what an access token says of itself; its signature is not checked, and nobody is asked",
  )
    .argument(
      "[token]",
      "the token, - for one on stdin, or a configured server's name; by default the default one's",
    )
    .action(run({ text }, inspect));
}

async function inspect(context: CommandContext, argument: string | undefined): Promise<Inspected> {
  const { inspectAccessToken } = await import("../../jfrog/token_inspection.ts");
  if (argument === "-" || (argument !== undefined && isTokenValue(bareToken(argument)))) {
    const token = bareToken(await readGivenToken(context, argument, {}));
    return inspectAccessToken(token, Date.now());
  }
  const { openServerStore } = await import("../../jfrog/config/store.ts");
  const { findDefault, findServer } = await import("../../jfrog/config/entry.ts");
  const servers = await openServerStore(context.env).read(context.signal);
  const id = argument ?? context.env["JFROG_CLI_SERVER_ID"];
  const { serverId = "", accessToken } = id ? findServer(servers, id) : findDefault(servers);
  if (!accessToken) throw appError("access-token-missing", { id: serverId });
  return { ...inspectAccessToken(accessToken, Date.now()), server: serverId };
}

/** What can't be read of a token that is not a JSON Web Token. */
const kinds = {
  "JSON Web Token": "its signature is not checked: what it says may be anybody's invention",
  "reference token": "a short name for a token that the server keeps, which says nothing itself",
  "API key": "a password, which says nothing itself",
};

function text(token: Inspected): string {
  const { kind, expires_at: end, expired, claims = {} } = token;
  const { subject: sub, issuer: iss, token_id: jti, scope: scp, audience: aud } = token;
  const iat = token.issued_at_time;
  const shown: Record<string, unknown> = { sub, iss, jti, scp, aud, iat, exp: end };
  const isEndless = kind === "JSON Web Token" && claims["exp"] === undefined;
  const pairs: [string, string | undefined][] = [
    ["Kind", `${kind}: ${kinds[kind]}`],
    ["Server", token.server],
    ["ID", jti],
    ["User", token.user],
    ["Subject", sub],
    ["Issuer", iss],
    ["Issued", iat],
    ["Expires", isEndless ? "never, by its own word" : expired ? `${end} (expired)` : end],
    ["Scope", scp],
    ["Audience", aud?.join(" ")],
    ...Object.entries(claims)
      .filter(([name]) => !Object.hasOwn(shown, name) || shown[name] === undefined)
      .map(([name, value]): [string, string] => [name, JSON.stringify(value)]),
  ];
  return fields(pairs.flatMap(([name, value]) => value ? [[name, value]] : []));
}
