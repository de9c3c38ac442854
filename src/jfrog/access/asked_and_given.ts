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
  const { expires_in: life } = given;
  if (asked.expires_in !== undefined && life !== undefined && life !== asked.expires_in) {
    const wanted = asked.expires_in === 0 ? "without end" : `for ${asked.expires_in} seconds`;
    found.push(`The token is good for ${life} seconds, and was asked for ${wanted}`);
  }
  if (asked.scope && given.scope && wordsOf(asked.scope) !== wordsOf(given.scope)) {
    found.push(`The token's scope is ${given.scope}, and ${asked.scope} was asked for`);
  }
  return found;
}

/** The words of a scope, whatever their order; what is quoted is one word. */
function wordsOf(scope: string): string {
  return (scope.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).sort().join(" ");
}
