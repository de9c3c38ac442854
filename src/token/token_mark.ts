import { createHash } from "node:crypto";
import { redeemedToken } from "../resources/access_token.ts";
import type { BaseResource } from "../resources/resource.ts";
import type { UsableToken } from "./token_file.ts";

/**
 * What a token is recognised by; tells nothing of its code. Of a grant with several uses a
 * namespace may hold several tokens: they differ in name, and each is a redemption of its own.
 */
export function markToken({ metadata, spec }: UsableToken): string {
  const identity = [metadata.name, spec.url, spec.code].join("\n");
  return createHash("sha256").update(identity).digest("hex").slice(0, 32);
}

/** True if the resource was made by redeeming the token of that mark. */
export function isMadeFrom(resource: BaseResource | undefined, mark: string): boolean {
  return resource?.metadata.annotations?.[redeemedToken] === mark;
}
