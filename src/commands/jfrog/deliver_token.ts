import type { CommandContext } from "../../cli/context.ts";
import type { CreatedToken } from "../../jfrog/access/created_token.ts";
import type { JfFormat } from "./jf_format.ts";
import { tokenTable } from "./token_text.ts";

/** The order of `--format table`. */
const tableOrder = [
  "access_token",
  "token_id",
  "expires_in",
  "scope",
  "token_type",
  "refreshable",
  "refresh_token",
  "reference_token",
  "grant_type",
  "audience",
] as const;

/**
 * Prints a token that was made: as jf does, and with -o json or yaml also when it expires. Throws
 * what `deliverMade` does.
 */
export async function deliverCreated(
  context: CommandContext,
  token: CreatedToken,
  format: JfFormat,
): Promise<void> {
  const { expiryOf } = await import("../../jfrog/access/created_token.ts");
  const { writeGoJson } = await import("../../jfrog/go_json.ts");
  const expiresAt = expiryOf(token, Date.now());
  const data = { ...token, ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) };
  const text = format === "table" ? tokenTable({ ...token }, tableOrder) : writeGoJson(token);
  await deliverMade(context, data, text, token.token_id);
}

/**
 * Prints the token that was made. If nobody takes the output, warns that the token exists all the
 * same and throws `not-writable`.
 */
export async function deliverMade(
  context: CommandContext,
  data: unknown,
  text: string,
  id: string | undefined,
): Promise<void> {
  try {
    await context.deliver(data, text);
  } catch (error) {
    const { program } = context.say;
    const remedy = id === undefined
      ? `${program} access-token list shows it, ${program} access-token revoke <id> revokes it`
      : `${program} access-token revoke ${id} revokes it`;
    context.warn(`A token was made, and could not be printed: ${remedy}`);
    throw error;
  }
}
