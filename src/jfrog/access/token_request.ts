import { appError } from "../../errors/app_error.ts";
import { parseDuration } from "../../wait/duration.ts";

/** Where tokens are made, listed and revoked, below the platform's url. */
export const tokensPath = "access/api/v1/tokens";

/** What a command's options say of a token to be made; undefined is not given. */
export interface TokenOptions {
  username?: string | undefined;
  project?: string | undefined;
  grantAdmin?: boolean | undefined;
  groups?: string | undefined;
  scope?: string | undefined;
  /** Seconds, or a duration. */
  expiry?: string | undefined;
  refreshable?: boolean | undefined;
  description?: string | undefined;
  audience?: string | undefined;
  reference?: boolean | undefined;
  forceRevocable?: boolean | undefined;
}

/**
 * The body of the request, in the order in which jf sends it (docs/spec/jfrog.md 1.4); what is
 * undefined is not sent.
 */
export interface TokenRequest {
  scope?: string | undefined;
  /** Seconds; 0 for a token without end. */
  expires_in?: number | undefined;
  refreshable: boolean;
  audience?: string | undefined;
  include_reference_token: boolean;
  username?: string | undefined;
  project_key?: string | undefined;
  description?: string | undefined;
  force_revocable?: boolean | undefined;
}

/**
 * What is sent for the options; `user` is whose token is meant where they name nobody. Throws
 * `usage` and `invalid-value` for what the platform would refuse, or take for something else.
 */
export function tokenRequest(options: TokenOptions, user: string | undefined): TokenRequest {
  const { scope, groups, grantAdmin } = options;
  if (scope !== undefined && (groups !== undefined || grantAdmin !== undefined)) {
    throw appError("usage", {
      message: "The scope is either given with --scope, or made of --grant-admin and --groups",
      help: "Write groups into a scope as applied-permissions/groups:<group>,<group>",
    });
  }
  const request: TokenRequest = {
    scope: scope || impliedScope(groups, grantAdmin) || undefined,
    expires_in: options.expiry === undefined ? undefined : expirySeconds(options.expiry),
    refreshable: options.refreshable === true,
    audience: options.audience || undefined,
    include_reference_token: options.reference === true,
    username: (options.username ?? user)?.toLowerCase() || undefined,
    project_key: options.project || undefined,
    description: options.description || undefined,
    force_revocable: options.forceRevocable || undefined,
  };
  limit("--description", request.description, 1024);
  limit("the scope", request.scope, 500);
  limit("--audience", request.audience, 255);
  limit("the username", request.username, 255);
  return request;
}

function limit(name: string, value: string | undefined, most: number): void {
  // characters are counted, not UTF-16's units
  const length = [...value ?? ""].length;
  if (length <= most) return;
  const wanted = `no longer than ${most} characters, not ${length}`;
  throw appError("invalid-value", { name, value: `${value!.slice(0, 30)}…`, wanted });
}

/** The scope of --groups and --grant-admin. */
function impliedScope(groups: string | undefined, grantAdmin: boolean | undefined): string {
  return [
    ...groups ? [`applied-permissions/groups:${groupList(groups)}`] : [],
    ...grantAdmin ? ["applied-permissions/admin"] : [],
  ].join(" ");
}

/** Groups as the platform reads them: a name with a space or a comma stands in double quotes. */
function groupList(groups: string): string {
  const parts = groups.match(/(?:"[^"]*"|[^,"])+|(?<=^|,)(?=,|$)/g) ?? [];
  const names = parts.map((part) => part.trim().replace(/^"([^"]*)"$/, "$1"));
  if (
    names.some((name) => /^(applied-permissions|(system|groups?|member-of-groups):)/i.test(name))
  ) {
    const wanted = "names of groups; what they are in a scope is put before them";
    throw appError("invalid-value", { name: "--groups", value: groups, wanted });
  }
  if (names.some((name) => name === "" || name.includes('"')) || parts.join(",") !== groups) {
    const wanted = "group names with commas between them, those with a comma in double quotes";
    throw appError("invalid-value", { name: "--groups", value: groups, wanted });
  }
  return names.map((name) => /[\s,:]/.test(name) ? `"${name}"` : name).join(",");
}

const secondsPer = { y: 365 * 86_400, w: 7 * 86_400, d: 86_400 };

/**
 * Whole seconds from a number, as Go's strconv.Atoi reads one, or a duration such as 90m, 30d or
 * 1y; a year has 365 days.
 */
function expirySeconds(text: string): number {
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : lifeSeconds(text);
  if (Number.isSafeInteger(number) && number >= 0) return Math.abs(number); // not -0
  const wanted = number > Number.MAX_SAFE_INTEGER
    ? `no more than ${Number.MAX_SAFE_INTEGER} seconds; 0 is without end`
    : "seconds or a duration of 0 or more, such as 3600, 90m, 24h, 30d or 1y; 0 is without end";
  throw appError("invalid-value", { name: "--expiry", value: text, wanted });
}

/** Days, weeks and years, and what a duration of Go has behind them; NaN for anything else. */
function lifeSeconds(text: string): number {
  const [, y, w, d, rest = ""] = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(.*)$/s.exec(text) ?? [];
  const whole = Number(y ?? 0) * secondsPer.y + Number(w ?? 0) * secondsPer.w +
    Number(d ?? 0) * secondsPer.d;
  const isWhole = (y ?? w ?? d) !== undefined;
  if (rest === "") return isWhole ? whole : NaN;
  const restMs = /^[+-]/.test(rest) && isWhole ? NaN : parseDuration(rest) ?? NaN;
  return whole + restMs / 1000;
}
