import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import { findUnknownFields } from "../../resources/unknown_fields.ts";
import type { UsableToken } from "../../token/token_file.ts";
import { isTimeout } from "../../wait/deadline.ts";
import { formatDuration } from "../../wait/duration.ts";

/** The token in the named file, or on standard input for `-`. */
export async function readToken(file: string, context: CommandContext): Promise<UsableToken> {
  const { maxTokenBytes, parseToken, readTokenFile } = await import("../../token/token_file.ts");
  const where = file === "-" ? "standard input" : file;
  try {
    const token = file === "-"
      ? parseToken(await context.stdin(maxTokenBytes), where)
      : await readTokenFile(file, context.signal);
    for (const { path, likely } of findUnknownFields("AccessToken", token)) {
      const data = { where, field: path.join("."), ...(likely === undefined ? {} : { likely }) };
      context.warn(appError("field-unknown", data).message);
    }
    return token;
  } catch (error) {
    if (!isTimeout(error)) throw error;
    const after = formatDuration(context.deadline.timeoutMs ?? 0);
    throw appError("timed-out", { after, what: `a token from ${where}` });
  }
}
