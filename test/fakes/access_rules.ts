import { Buffer } from "node:buffer";

/** A token that the stand-in has made. */
export interface StoredToken {
  token_id: string;
  subject: string;
  issuer: string;
  issued_at: number;
  /** Seconds since 1970; none for a token without end. */
  expiry?: number;
  scope: string;
  refreshable: boolean;
  description?: string;
  project?: string;
  value: string;
  reference?: string;
  refresh?: string;
  forceRevocable?: boolean;
}

/** Who asks. */
export interface Caller {
  user: string;
  isAdmin: boolean;
}

/** What a request is refused with. */
export interface Refused {
  status: number;
  code: string;
  message: string;
}

/** A life in seconds under which a token is not kept, and one under which it can't be revoked. */
export const persistencySeconds = 10_800;
export const revocableSeconds = 21_600;
export const defaultLifeSeconds = 31_536_000;

type Fields = Record<string, unknown>;

const kinds: Record<string, "string" | "number" | "boolean"> = {
  grant_type: "string",
  username: "string",
  project_key: "string",
  scope: "string",
  expires_in: "number",
  refreshable: "boolean",
  description: "string",
  audience: "string",
  include_reference_token: "boolean",
  force_revocable: "boolean",
  refresh_token: "string",
  access_token: "string",
};

const longest: Record<string, number> = {
  username: 255,
  scope: 500,
  description: 1024,
  audience: 255,
};

const group = String.raw`(?:"[^"]+"|[^\s",:]+)`;
const scopes = [
  "applied-permissions/(?:user|admin)",
  `applied-permissions/groups:${group}(?:,${group})*`,
  String.raw`applied-permissions/roles:[\w-]+:[^\s]+`,
  "system:(?:metrics|livelogs):r",
  "system:info/storage:r",
  String.raw`artifact:\S+:(?:[rwdamxs](?:,[rwdamxs])*|\*)`,
].map((pattern) => new RegExp(`^${pattern}$`));

/**
 * What the documentation of the Access API refuses of a request for a token (docs/spec/jfrog.md
 * 1.7, 5.3).
 */
export function whyNotCreate(body: unknown, caller: Caller): Refused | undefined {
  if (typeof body !== "object" || body === null) return bad("Request body is not an object");
  const fields = body as Fields; // checked below
  for (const [name, value] of Object.entries(fields)) {
    const kind = kinds[name];
    if (kind === undefined) return bad(`Unrecognized field "${name}"`);
    const found = typeof value;
    if (found !== kind) {
      return bad(`Field ${name} must be a ${kind}`);
    }
    if ([...String(value)].length > (longest[name] ?? Infinity)) {
      return bad(`Field ${name} is too long`);
    }
  }
  if (fields["grant_type"] === "refresh_token") {
    return fields["refresh_token"] ? undefined : bad("refresh_token is missing");
  }
  if (!["client_credentials", undefined].includes(fields["grant_type"] as string | undefined)) {
    return bad("Unsupported grant type");
  }
  return whyNotScope(fields, caller) ?? whyNotLife(fields, caller) ?? whyNotUser(fields, caller);
}

function whyNotScope({ scope }: Fields, { isAdmin }: Caller): Refused | undefined {
  if (scope === undefined) return undefined;
  for (const word of String(scope).match(/(?:[^\s"]|"[^"]*")+/g) ?? [""]) {
    if (!scopes.some((pattern) => pattern.test(word))) return bad(`Invalid scope: ${word}`);
    if (!isAdmin && word !== "applied-permissions/user") return forbidden(`Scope ${word}`);
  }
  return undefined;
}

function whyNotLife({ expires_in: life }: Fields, { isAdmin }: Caller): Refused | undefined {
  if (life === undefined) return undefined;
  if (!Number.isInteger(life) || Number(life) < 0) return bad("expires_in must be 0 or more");
  const isLong = life === 0 || Number(life) > defaultLifeSeconds;
  return isLong && !isAdmin ? forbidden("A life this long") : undefined;
}

function whyNotUser({ username }: Fields, caller: Caller): Refused | undefined {
  if (username === undefined) return undefined;
  if (username === "") return bad("Invalid username");
  return caller.isAdmin || username === caller.user ? undefined : forbidden("Another user's token");
}

function bad(message: string): Refused {
  return { status: 400, code: "BAD_REQUEST", message };
}

function forbidden(what: string): Refused {
  return { status: 403, code: "FORBIDDEN", message: `${what} is for administrators` };
}

/** A token as JFrog makes them, but for a real signature. */
export function makeJwt(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signature = Buffer.from(`signature of ${claims["jti"]}`).toString("base64url");
  return `${part({ ver: "2", typ: "JWT", alg: "RS256", kid: "stand-in" })}.${
    part(claims)
  }.${signature}`;
}
