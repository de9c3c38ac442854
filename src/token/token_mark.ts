import { createHash } from "node:crypto";
import { redeemedToken } from "../resources/access_token.ts";
import type { BaseResource } from "../resources/resource.ts";
import type { UsableToken } from "./token_file.ts";

/** What a token is recognised by; tells nothing of its code. */
export function markToken(token: UsableToken): string {
  const { url, code } = token.spec;
  return createHash("sha256").update(url + code).digest("hex").slice(0, 32);
}

/** True if the resource was made by redeeming the token of that mark. */
export function isMadeFrom(resource: BaseResource | undefined, mark: string): boolean {
  return resource?.metadata.annotations?.[redeemedToken] === mark;
}
