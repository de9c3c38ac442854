import { Buffer } from "node:buffer";
import process from "node:process";
import { connect, createSecureContext } from "node:tls";
import { createKeyPair } from "../../src/pki/key_pair.ts";
import { createRequest } from "../../src/pki/request.ts";

/** What a client process does; it reads this as JSON from stdin. */
export interface Load {
  /**
   * "handshake": TLS 1.3 and nothing more. "client-key": redemptions as our redeemer asks for them,
   * with a certificate request. "service-key": as upstream's clients do, the service makes the key.
   */
  kind: "handshake" | "client-key" | "service-key";
  /** Of the grant, or of the server to shake hands with. */
  url: string;
  /**
   * The ports that connections go to in turn, as to the Pods of a Service; by default the url's
   * own.
   */
  ports?: number[];
  /** The grants that are asked for in turn, one at each port; by default one everywhere. */
  grants?: { url: string; code: string }[];
  /** PEM. */
  ca: string;
  code: string;
  /** Names the redemptions of this process. */
  prefix: string;
  /** How many connections there are at the same time. */
  clients: number;
  /** How many requests go before those that are measured. */
  warmUp: number;
  requests: number;
}

/** What it then tells on stdout, as JSON. */
export interface LoadResult {
  perSecond: number;
  failures: string[];
}

async function main(load: Load): Promise<LoadResult> {
  const { hostname, port } = new URL(load.url);
  const ports = load.ports ?? [Number(port)];
  const secureContext = createSecureContext({ ca: load.ca, minVersion: "TLSv1.3" });
  const texts = await writeRequests(load);
  const failures: string[] = [];
  let connections = 0;

  function exchange(): Promise<void> {
    return new Promise((resolve) => {
      const text = texts?.[connections];
      const port = ports[connections++ % ports.length]!;
      const socket = connect({ host: hostname, port, secureContext });
      let answer = "";
      socket.on("secureConnect", () => text === undefined ? socket.end() : socket.write(text));
      socket.on("data", (bytes) => answer += bytes);
      socket.on("error", (error) => failures.push(error.message));
      socket.on("close", () => {
        if (text !== undefined && !answer.startsWith("HTTP/1.1 200 ")) {
          failures.push(answer.split("\r\n")[0]!);
        }
        resolve();
      });
    });
  }

  async function send(count: number): Promise<void> {
    let left = count;
    async function client() {
      while (left-- > 0) await exchange();
    }
    await Promise.all(Array.from({ length: load.clients }, client));
  }

  await send(load.warmUp);
  const startedAt = performance.now();
  await send(load.requests);
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: load.requests / seconds, failures };
}

/** The requests, made beforehand: what a client does before it connects is not to be measured. */
async function writeRequests(load: Load): Promise<string[] | undefined> {
  if (load.kind === "handshake") return undefined;
  const grants = load.grants ?? [load];
  const texts: string[] = [];
  for (let number = 0; number < load.warmUp + load.requests; number++) {
    const name = `${load.prefix}-${number}`;
    let csr = "";
    if (load.kind === "client-key") {
      const request = await createRequest(await createKeyPair(), name);
      csr = `csr: ${Buffer.from(request).toString("base64")}\r\n`;
    }
    const { url, code } = grants[number % grants.length]!;
    texts.push(
      `POST ${
        new URL(url).pathname
      } HTTP/1.1\r\nhost: hawser\r\nname: ${name}\r\nsubject: ${name}\r\n${csr}` +
        `content-length: ${code.length}\r\nconnection: close\r\n\r\n${code}`,
    );
  }
  return texts;
}

let input = "";
for await (const chunk of process.stdin.setEncoding("utf8")) input += chunk;
console.log(JSON.stringify(await main(JSON.parse(input))));
process.exit(0);
