import { isIP, type Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { finish, opened } from "./connection.ts";

/** Which authorities to trust, and which certificate to show. */
export type TlsOptions = Pick<
  ConnectionOptions,
  "ca" | "cert" | "checkServerIdentity" | "key" | "minVersion" | "rejectUnauthorized"
>;

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

/** The certificate (DER) of a server that is `host`, believed or not; nothing else is asked. */
export async function fetchCertificate(
  socket: Socket,
  host: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const secured = await secure(socket, host, { rejectUnauthorized: false }, signal);
  const { raw } = secured.getPeerCertificate();
  await finish(secured);
  return raw;
}
