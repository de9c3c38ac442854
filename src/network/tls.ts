import { isIP, type Socket } from "node:net";
import {
  connect,
  type ConnectionOptions,
  type DetailedPeerCertificate,
  type TLSSocket,
} from "node:tls";
import { finish, opened } from "./connection.ts";

/** A chain that is longer is no honest server's. */
const longestChain = 10;

/** Which authorities to trust, and which certificate to show. */
export type TlsOptions =
  & Pick<
    ConnectionOptions,
    "ca" | "cert" | "checkServerIdentity" | "key" | "minVersion" | "rejectUnauthorized"
  >
  & { allowPartialTrustChain?: boolean };

/**
 * TLS over a connection, trusting `ca` alone, with a server that is `host`. Rejects with the TLS
 * library's error or the signal's reason; the connection is closed then.
 */
export function secure(
  socket: Socket,
  host: string,
  options: TlsOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const servername = isIP(host) ? {} : { servername: host };
  // `host` is what the certificate is compared with; the explicit refusal beats the environment's
  // wish
  const secured = connect({ rejectUnauthorized: true, ...options, ...servername, socket, host });
  return opened(secured, "secureConnect", signal);
}

/**
 * The certificates (DER) that a server shows which is `host`, its own first, believed or not;
 * nothing else is asked.
 */
export async function fetchCertificates(
  socket: Socket,
  host: string,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const secured = await secure(socket, host, { rejectUnauthorized: false }, signal);
  const shown = [];
  for (
    let each: DetailedPeerCertificate | undefined = secured.getPeerCertificate(true);
    each?.raw !== undefined && shown.length < longestChain;
    each = each.issuerCertificate === each ? undefined : each.issuerCertificate
  ) {
    shown.push(each.raw);
  }
  await finish(secured);
  return shown;
}
