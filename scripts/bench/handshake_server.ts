import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts";
import { createKeyPair } from "../../src/pki/key_pair.ts";

/** What the server tells on stdout, as JSON. */
export interface HandshakeServer {
  url: string;
  /** PEM. */
  ca: string;
}

const { certificatePem: ca, privateKeyPem: caKey } = await createAuthority("handshakes");
const keys = await createKeyPair();
const { certificatePem } = await (await loadAuthority(ca, caKey)).signServer({
  commonName: "127.0.0.1",
  hosts: ["127.0.0.1"],
  publicKey: keys.publicKey,
  lifetimeMs: 3_600_000,
});
const options = { cert: certificatePem, key: keys.privateKeyPem, minVersion: "TLSv1.3" } as const;
const server = createServer(options, (socket) => {
  socket.on("error", () => {});
  socket.end();
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  const told: HandshakeServer = { url: `https://127.0.0.1:${port}`, ca };
  console.log(JSON.stringify(told));
});
