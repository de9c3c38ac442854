import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import { findUnknownFields } from "../../resources/unknown_fields.ts";
import type { UsableToken } from "../../token/token_file.ts";
import { isTimeout } from "../../wait/deadline.ts";
import type { IdentityOptions } from "./options.ts";
import { formatDuration } from "../../wait/duration.ts";

/**
 * The token in the named file, or on standard input for `-`; a sealed one is opened with the
 * identity file. Throws what `parseToken` and `openSealed` do.
 */
export async function readToken(
  file: string,
  context: CommandContext,
  { identity }: IdentityOptions,
): Promise<UsableToken> {
  const { maxTokenBytes, parseToken, readTokenBytes } = await import("../../token/token_file.ts");
  const where = file === "-" ? "standard input" : file;
  try {
    const content = file === "-"
      ? await context.stdin(maxTokenBytes)
      : await readTokenBytes(file, context.signal);
    const token = parseToken(await opened(content, where, identity, context), where);
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

/**
 * The content as it is where nothing is sealed, or no key is given: it is refused then. Of a key
 * that everybody can read it warns and goes on: one that is mounted so, or checked out, is nobody's
 * to change there, and a refusal would keep nobody from it.
 */
async function opened(
  content: Uint8Array,
  where: string,
  identity: string | undefined,
  { signal, warn }: CommandContext,
): Promise<string | Uint8Array> {
  const { isSealed, openSealed } = await import("../../token/seal.ts");
  if (identity === undefined || !isSealed(content)) return content;
  const { maxTokenBytes } = await import("../../token/token_file.ts");
  const { readLimited } = await import("../../runtime/files.ts");
  const { modeOpenToAll } = await import("../../runtime/file_mode.ts");
  const identities = new TextDecoder().decode(await readLimited(identity, maxTokenBytes, signal));
  const mode = await modeOpenToAll(identity);
  if (mode !== undefined) {
    warn(
      `Every user of this machine can read the key in ${identity} (mode ${mode}): chmod o= ${identity}`,
    );
  }
  return await openSealed(content, where, identities, identity);
}
