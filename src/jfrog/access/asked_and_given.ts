import { readClaims, usernameIn, userOfSubject } from "../jwt.ts";
import type { CreatedToken } from "./created_token.ts";
import type { TokenRequest } from "./token_request.ts";

/** What a token lacks, or has otherwise, of what was asked for: sentences for a person. */
export function differences(asked: TokenRequest, given: CreatedToken): string[] {
  const found: string[] = [];
  if (asked.include_reference_token && !given.reference_token) {
    found.push("No reference token was made: Artifactory makes them since 7.38.10");
  }
  if (asked.refreshable && !given.refresh_token) {
    found.push("No refresh token was made: the server does not make this token refreshable");
  }
  const life = lifeOf(given);
  if (asked.expires_in !== undefined && life !== undefined && life !== asked.expires_in) {
    found.push(
      `The token is good ${lifeText(life)}, and one ${lifeText(asked.expires_in)} was asked for`,
    );
  }
  const scope = given.scope ?? readClaims(given.access_token)?.scp;
  if (asked.scope && scope && wordsOf(asked.scope) !== wordsOf(scope)) {
    found.push(`The token's scope is ${scope}, and ${asked.scope} was asked for`);
  }
  const { audience } = given;
  const lacks = audience === undefined ? [] : lackingWords(asked.audience ?? "", audience);
  if (lacks.length > 0) {
    found.push(`The token is for ${audience}, and was asked for ${lacks.join(" ")} too`);
  }
  const [user, wanted] = [usernameIn(given.access_token), userOfSubject(asked.username ?? "")];
  if (user && wanted && user.toLowerCase() !== wanted.toLowerCase()) {
    found.push(`The token is that of ${user}, and one of ${wanted} was asked for`);
  }
  return found;
}

/** Seconds; 0 for a token without end, undefined where nobody says. */
function lifeOf({ expires_in, access_token }: CreatedToken): number | undefined {
  if (expires_in !== undefined) return expires_in;
  // the life of a token without end is left out
  const claims = readClaims(access_token);
  if (claims === undefined) return undefined;
  const { exp, iat } = claims;
  if (exp === undefined) return 0;
  return iat === undefined ? undefined : exp - iat;
}

function lifeText(seconds: number): string {
  return seconds === 0 ? "without end" : `for ${seconds} seconds`;
}

function lackingWords(asked: string, given: string): string[] {
  const words = given.split(/\s+/);
  return asked.split(/\s+/).filter((word) => word !== "" && !words.includes(word));
}

/** The words of a scope, whatever their order; what is quoted is one word. */
function wordsOf(scope: string): string {
  return (scope.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).sort().join(" ");
}
