import { table } from "../../cli/output.ts";

/** So much of an access token is shown in a table. */
const shownLength = 40;

/**
 * Fields as jf's table: those that are there, in the order of `names`, the access token cut short.
 */
export function tokenTable(fields: Record<string, unknown>, names: readonly string[]): string {
  const rows = names.filter((name) => fields[name] !== undefined).map((name) => {
    const text = String(fields[name]);
    const isCut = name === "access_token" && text.length > shownLength;
    return [name, isCut ? `${text.slice(0, shownLength)}...` : text];
  });
  return table([["FIELD", "VALUE"], ...rows]);
}
