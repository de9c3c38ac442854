import type { AccessGrant } from "./access_grant.ts";
import type { AccessToken } from "./access_token.ts";

/** The grant as it may be shown: without its code, which lets anybody redeem it. */
export function grantWithoutCode(grant: AccessGrant): AccessGrant {
  const { spec, status, ...rest } = grant;
  return {
    ...rest,
    ...(spec && { spec: without(spec, "code") }),
    ...(status && { status: without(status, "code") }),
  };
}

/** The token as it may be shown: its spec lacks the code. */
export function tokenWithoutCode(token: AccessToken): object {
  const { spec, ...rest } = token;
  return spec === undefined ? rest : { ...rest, spec: without(spec, "code") };
}

function without<T extends object, K extends keyof T>(given: T, field: K): Omit<T, K> {
  const { [field]: _, ...rest } = given;
  return rest;
}
