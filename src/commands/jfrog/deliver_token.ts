import type { CommandContext } from "../../cli/context.ts";
import type { CreatedToken } from "../../jfrog/access/created_token.ts";
import type { SecretSink } from "../../cli/secret_sink.ts";
import type { HandedSecret, Sink } from "../../cli/sink.ts";
import { quote } from "../../cli/command_words.ts";
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

/** How a token that is made leaves the program. */
export interface Handing {
  /** Where --to says. */
  sink: SecretSink | undefined;
  /** True where that is stdout, in the format asked for. */
  isPrinted: boolean;
  /** The options that name the server again. */
  server: string;
}

/**
 * Opens the place for a token, before it is made; with `reveal` false it must be out of sight.
 * Throws what `openSink` and `refuseInSight` do.
 */
export async function openHanding(
  context: CommandContext,
  { to, url, serverId, reveal = true }: {
    to?: Sink;
    url?: string;
    serverId?: string;
    reveal?: boolean;
  },
): Promise<Handing> {
  if (!reveal && (to === undefined || to.kind === "stdout")) context.refuseInSight("The token");
  const names = { output: "token", variable: "JFROG_CLI_ACCESS_TOKEN" };
  const server = Object.entries({ "--url": url, "--server-id": serverId })
    .flatMap(([option, value]) => value === undefined ? [] : [` ${option} ${quote(value)}`]);
  const sink = to && await context.openSink(to, names);
  const isPrinted = to === undefined || to.kind === "stdout";
  return { sink, isPrinted, server: server.join("") };
}

/**
 * Prints a token that was made: as jf does, and with -o json or yaml also when it expires. Throws
 * what `deliverMade` does.
 */
export async function deliverCreated(
  context: CommandContext,
  token: CreatedToken,
  format: JfFormat,
  handing: Handing,
): Promise<void> {
  const { expiryOf } = await import("../../jfrog/access/created_token.ts");
  const { writeGoJson } = await import("../../jfrog/go_json.ts");
  const expiresAt = expiryOf(token, Date.now());
  const data = { ...token, ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) };
  const text = format === "table" ? tokenTable({ ...token }, tableOrder) : writeGoJson(token);
  const { refresh_token: refresh, reference_token: reference } = token;
  const secret = {
    value: token.access_token,
    text,
    more: { ...(refresh ? { refresh } : {}), ...(reference ? { reference } : {}) },
  };
  await deliverMade(context, data, secret, token.token_id, handing);
}

/**
 * Prints the token that was made. If nobody takes the output, warns that the token exists all the
 * same and throws `not-writable`.
 */
export async function deliverMade(
  context: CommandContext,
  data: unknown,
  secret: HandedSecret,
  saidId: string | undefined,
  { sink, isPrinted, server }: Handing,
): Promise<void> {
  const { idIn, isTokenId } = await import("../../jfrog/token_value.ts");
  // what a server says goes into a command that a shell is to run
  const id = saidId !== undefined && isTokenId(saidId) ? saidId : idIn(secret.value);
  try {
    if (id !== undefined) context.recordUndo(`access-token revoke ${id}${server}`);
    if (isPrinted) {
      await sink?.mask(secret);
      return await context.deliver(data, secret.text);
    }
    await sink?.put(secret);
    context.progress(`The token${id === undefined ? "" : ` ${id}`} is in ${sink?.place}.`);
  } catch (error) {
    const { program } = context.say;
    const remedy = id === undefined
      ? `${program} access-token list${server} shows it, ${program} access-token revoke <id>${server} revokes it`
      : `${program} access-token revoke ${id}${server} revokes it`;
    context.warn(`A token was made, and could not be printed: ${remedy}`);
    throw error;
  }
}
