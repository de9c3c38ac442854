import { appError, isAppError } from "../errors/app_error.ts";
import type { RedeemSurroundings } from "./exchange.ts";
import type { AccessToken } from "../resources/access_token.ts";
import { probeToken } from "./redeem_client.ts";
import { checkToken } from "./token_file.ts";

/** How long the grant service may take to say how many uses a grant has left, in milliseconds. */
const askingMs = 2000;

/** What is asked about; `usesLeft` is set to what the service says. */
interface Issued {
  token: AccessToken;
  grant: string;
  redemptionsAllowed: number;
  usesLeft: number;
  expirationTime?: string;
}

/**
 * Asks the grant service, whose ledger knows of a use before the grant's status does. Throws
 * `grant-used-up` and `grant-expired`. Where nobody answers, the status is what is known.
 */
export async function requireUsesLeft(
  issued: Issued,
  { env = {} }: { env?: RedeemSurroundings["env"] },
  signal: AbortSignal,
): Promise<void> {
  const { token, grant, redemptionsAllowed: allowed } = issued;
  const surroundings = { env, now: Date.now };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(askingMs)]);
  try {
    const usable = checkToken(token, `AccessGrant ${grant}`);
    issued.usesLeft = (await probeToken(usable, surroundings, limit)).usesLeft ?? issued.usesLeft;
  } catch (error) {
    signal.throwIfAborted();
    if (isAppError(error, "token-used-up")) throw appError("grant-used-up", { grant, allowed });
    if (!isAppError(error, "token-expired")) return;
    throw appError("grant-expired", { grant, at: issued.expirationTime ?? "a time before now" });
  }
}
