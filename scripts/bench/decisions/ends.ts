import {
  type AddressInfo,
  connect as connectTcp,
  createServer as relayBy,
  type Socket,
} from "node:net";
import { connect, createServer } from "node:tls";
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts";
import { createKeyPair } from "../../../src/pki/key_pair.ts";

/** Prints as JSON what `node:tls` tells a server: of a client that closes TLS, of one cut off. */
async function main(): Promise<void> {
  const made = await createAuthority("ca");
  const keys = await createKeyPair();
  const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
  const { certificatePem } = await authority.signServer({
    commonName: "server",
    publicKey: keys.publicKey,
    lifetimeMs: 60_000,
    hosts: ["localhost"],
  });
  const heard: string[] = [];
  let told = () => {};
  const server = createServer({ cert: certificatePem, key: keys.privateKeyPem }, (socket) => {
    socket.on("end", () => heard.push("end"));
    socket.on("error", (error) => heard.push(`error ${(error as { code?: string }).code}`));
    socket.on("close", (hadError) => {
      heard.push(`close ${hadError}`);
      told();
    });
    socket.resume();
    socket.write("answer");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  let toServer: Socket | undefined;
  const relay = relayBy((fromClient) => {
    toServer = connectTcp(port, "127.0.0.1");
    fromClient.pipe(toServer).pipe(fromClient);
    for (const socket of [fromClient, toServer]) socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const relayPort = (relay.address() as AddressInfo).port;
  const found: Record<string, string> = {};
  for (const how of ["closes TLS", "is cut off"]) {
    heard.length = 0;
    const closed = new Promise<void>((resolve) => told = resolve);
    const ca = made.certificatePem;
    const socket = connect({ port: relayPort, host: "127.0.0.1", ca, servername: "localhost" });
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("data", resolve));
    if (how === "closes TLS") socket.end();
    else toServer!.end();
    await closed;
    socket.destroy();
    found[how] = heard.join(", ");
  }
  server.close();
  relay.close();
  console.log(JSON.stringify(found));
}

await main();
