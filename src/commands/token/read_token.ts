import type { CommandContext } from "../../cli/context.ts";
import type { UsableToken } from "../../token/token_file.ts";

/** The token in the named file, or on standard input for `-`. */
export async function readToken(file: string, context: CommandContext): Promise<UsableToken> {
  const { maxTokenBytes, parseToken, readTokenFile } = await import("../../token/token_file.ts");
  if (file !== "-") return await readTokenFile(file);
  return parseToken(await context.stdin(maxTokenBytes), "standard input");
}
