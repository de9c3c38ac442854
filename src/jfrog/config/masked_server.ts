import { readClaims } from "../jwt.ts";
import type { Server } from "../server.ts";
import { secretFields, serverFieldNames } from "./fields.ts";

const secrets: readonly string[] = secretFields;

/** A server as it may be shown: known fields in jf's order, filled ones only, secrets as ***. */
export function maskServer(server: Server): Partial<Record<keyof Server, unknown>> {
  const shown = maskUrls(server);
  const filled = serverFieldNames.filter((name) => shown[name]);
  return Object.fromEntries(
    filled.map((name) => [name, secrets.includes(name) ? "***" : shown[name]]),
  );
}

/** The server with passwords in urls as ***: jf takes them, and so did a file from elsewhere. */
export function maskUrls(server: Server): Server {
  const masked = Object.entries(server).map(([name, value]) => [
    name,
    typeof value === "string" && /Url$|^url$/.test(name)
      ? value.replace(/^([\w+.-]+:\/\/[^/@:]*:)[^/@]*@/, "$1***@")
      : value,
  ]);
  return Object.fromEntries(masked);
}

/** A secret as it may be shown. */
export function mask(secret: string | undefined): string | undefined {
  return secret ? "***" : undefined;
}

/** A token as it may be shown: its subject is no secret. */
export function maskToken(token: string | undefined): string | undefined {
  const subject = token ? readClaims(token)?.sub : undefined;
  return subject ? `*** (Subject: '${subject}')` : mask(token);
}
