import { randomBytes, randomUUID } from "node:crypto";
import {
  type Caller,
  defaultLifeSeconds,
  makeJwt,
  persistencySeconds,
  type Refused,
  revocableSeconds,
  type StoredToken,
  whyNotCreate,
} from "./access_rules.ts";

const issuer = "jfac@01stand0in";

/** An answer of the API: a status and what goes into its body. */
export interface ApiAnswer {
  status: number;
  body?: unknown;
  /** In place of JSON. */
  text?: string;
}

/** What the stand-in says it is, where nobody says otherwise. */
const currentVersion = "7.133.9";

/** The tokens of a stand-in for the Access API, and what may be done to them. */
export class AccessTokens {
  readonly all: StoredToken[] = [];
  readonly passwords: Record<string, string>;
  /** Of Artifactory: what is newer is answered as that version would. */
  version: string;

  /** `passwords` by user; the user `admin` is an administrator. */
  constructor(passwords: Record<string, string>, version: string = currentVersion) {
    this.passwords = passwords;
    this.version = version;
  }

  /** True if what came with that version is there. */
  isSince(version: string): boolean {
    return this.version.localeCompare(version, "en", { numeric: true }) >= 0;
  }

  /** Makes a token without asking anybody. */
  make(user: string, fields: Record<string, unknown> = {}): StoredToken {
    const now = Math.floor(Date.now() / 1000);
    const life = (fields["expires_in"] ?? defaultLifeSeconds) as number; // checked by the rules
    const token_id = randomUUID();
    const subject = `${issuer}/users/${user}`;
    const scope = String(fields["scope"] ?? "applied-permissions/user");
    const expiry = life === 0 ? {} : { expiry: now + life };
    const value = makeJwt({
      sub: subject,
      scp: scope,
      aud: String(fields["audience"] ?? "*@*"),
      iss: issuer,
      ...(life === 0 ? {} : { exp: now + life }),
      iat: now,
      jti: token_id,
    });
    const token: StoredToken = {
      token_id,
      subject,
      issuer,
      issued_at: now,
      ...expiry,
      scope,
      refreshable: fields["refreshable"] === true,
      ...(fields["description"] ? { description: String(fields["description"]) } : {}),
      ...(fields["project_key"] ? { project: String(fields["project_key"]) } : {}),
      value,
      ...(fields["include_reference_token"] && this.isSince("7.38.10")
        ? { reference: secret("cmVmdGtuO") }
        : {}),
      ...(fields["refreshable"] ? { refresh: secret("refresh-") } : {}),
      forceRevocable: fields["force_revocable"] === true && this.isSince("7.50.3"),
    };
    this.all.push(token);
    return token;
  }

  /** Who shows that header Authorization, if it is somebody. */
  callerOf(header: string | undefined): Caller | undefined {
    const [scheme, value = ""] = (header ?? "").split(" ");
    if (scheme === "Basic") {
      const [, user = "", password = ""] = /^([^:]*):(.*)$/s.exec(atob(value)) ?? [];
      return this.passwords[user] === password ? { user, isAdmin: user === "admin" } : undefined;
    }
    const now = Date.now() / 1000;
    const token = this.all.find((one) => [one.value, one.reference].includes(value));
    if (scheme !== "Bearer" || token === undefined || (token.expiry ?? Infinity) < now) return;
    const user = token.subject.split("/").at(-1)!;
    return { user, isAdmin: user === "admin" };
  }

  create(body: unknown, caller: Caller): ApiAnswer {
    const refused = whyNotCreate(body, caller);
    if (refused !== undefined) return refuse(refused);
    const fields = body as Record<string, unknown>; // the rules saw to it
    if (fields["grant_type"] === "refresh_token") return this.#refresh(fields);
    const user = String(fields["username"] ?? caller.user);
    return { status: 200, body: this.#answer(this.make(user, fields), fields) };
  }

  #refresh(fields: Record<string, unknown>): ApiAnswer {
    const index = this.all.findIndex(({ refresh }) => refresh === fields["refresh_token"]);
    const old = this.all[index];
    if (old === undefined) {
      const message = "Token matching the provided refresh token was not found.";
      return { status: 404, body: { errors: [{ code: "NOT_FOUND", message }] } };
    }
    this.all.splice(index, 1);
    const life = old.expiry === undefined ? 0 : old.expiry - old.issued_at;
    const made = this.make(old.subject.split("/").at(-1)!, {
      ...fields,
      expires_in: life,
      refreshable: true,
      scope: old.scope,
    });
    return { status: 200, body: this.#answer(made, { expires_in: life }) };
  }

  #answer(token: StoredToken, fields: Record<string, unknown>) {
    const life = fields["expires_in"] ?? defaultLifeSeconds;
    return {
      token_id: token.token_id,
      access_token: token.value,
      ...(token.refresh === undefined ? {} : { refresh_token: token.refresh }),
      ...(life === 0 ? {} : { expires_in: life }),
      scope: token.scope,
      token_type: "Bearer",
      ...(token.reference === undefined ? {} : { reference_token: token.reference }),
      ...(token.description === undefined ? {} : { description: token.description }),
    };
  }

  list(query: URLSearchParams, caller: Caller): ApiAnswer {
    const wanted = (name: string, value: string | undefined) => {
      const pattern = query.get(name);
      if (pattern === null) return true;
      return pattern.endsWith("*")
        ? value?.startsWith(pattern.slice(0, -1)) === true
        : value === pattern;
    };
    const found = this.all.filter((token) =>
      isKept(token) && maySee(caller, token) && wanted("description", token.description) &&
      wanted("username", token.subject.split("/").at(-1)) && wanted("token_id", token.token_id) &&
      wanted("refreshable", String(token.refreshable)) && wanted("scope", token.scope)
    );
    if (query.get("descending_order") === "true") found.reverse();
    return { status: 200, body: { tokens: found.map(listed) } };
  }

  show(id: string, caller: Caller, header: string | undefined): ApiAnswer {
    const token = this.#find(id, header);
    if (token === undefined || (!isKept(token) && id !== "me")) {
      const errors = [{ code: "NOT_FOUND", message: `Token with id: ${id} not found` }];
      return { status: 404, body: { errors } };
    }
    if (!maySee(caller, token)) {
      return refuse({ status: 403, code: "FORBIDDEN", message: "Not your token" });
    }
    return { status: 200, body: listed(token) };
  }

  revoke(id: string, caller: Caller, header: string | undefined): ApiAnswer {
    const token = this.#find(id, header);
    if (token === undefined) return { status: 204 };
    if (!maySee(caller, token)) {
      return refuse({ status: 403, code: "FORBIDDEN", message: "Not your token" });
    }
    if (lifeOf(token) < revocableSeconds && !token.forceRevocable) {
      const detail = "Its expiry is below the threshold";
      return { status: 400, body: { code: "BAD_REQUEST", message: "Token not revocable", detail } };
    }
    this.all.splice(this.all.indexOf(token), 1);
    return { status: 200 };
  }

  /** By its value, for administrators (docs/spec/jfrog.md 5.3). */
  revokeValue(body: unknown, caller: Caller): ApiAnswer {
    if (!caller.isAdmin) {
      return refuse({ status: 403, code: "FORBIDDEN", message: "For administrators" });
    }
    const value = (body as { token?: unknown } | undefined)?.token; // any JSON
    const token = this.all.find((one) => [one.value, one.reference].includes(String(value)));
    if (token === undefined) {
      return refuse({ status: 404, code: "NOT_FOUND", message: "Token not found" });
    }
    const revoked = this.revoke(token.token_id, caller, undefined);
    return revoked.status === 200
      ? { status: 200, body: { "revoked-token-id": token.token_id } }
      : revoked;
  }

  #find(id: string, header: string | undefined): StoredToken | undefined {
    const value = header?.split(" ")[1];
    return this.all.find((token) =>
      id === "me" && this.isSince("7.53.1")
        ? [token.value, token.reference].includes(value)
        : token.token_id === id
    );
  }
}

function refuse({ status, code, message }: Refused): ApiAnswer {
  return { status, body: { errors: [{ code, message }] } };
}

function maySee({ user, isAdmin }: Caller, { subject }: StoredToken): boolean {
  return isAdmin || subject.endsWith(`/users/${user}`);
}

function lifeOf({ expiry, issued_at }: StoredToken): number {
  return expiry === undefined ? Infinity : expiry - issued_at;
}

function isKept(token: StoredToken): boolean {
  return lifeOf(token) >= persistencySeconds || token.forceRevocable === true;
}

function listed(
  { value: _v, reference: _r, refresh: _f, forceRevocable: _o, ...rest }: StoredToken,
) {
  return rest;
}

function secret(prefix: string): string {
  return prefix + randomBytes(24).toString("hex");
}
