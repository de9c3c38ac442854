import { Buffer } from "node:buffer";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import type { UsableToken } from "../../../src/token/token_file.ts";
import type { Redeemer } from "../../e2e/stage/grant_client.ts";

/** An answer that arrived whole. */
export interface WholeAnswer {
  status: number;
  body: string;
}

/** Where a client asks, if not at the token's own place, and from where. */
export interface Way {
  port?: number | undefined;
  localAddress?: string | undefined;
  /** How long it waits, in milliseconds; upstream's waits ten seconds. */
  patienceMs?: number | undefined;
}

const usualPatienceMs = 10_000;

/** Reading an authority is half of the work of a connection. */
const contexts = new Map<string, SecureContext>();

function trusting(ca: string): SecureContext {
  let context = contexts.get(ca);
  if (context === undefined) contexts.set(ca, context = createSecureContext({ ca }));
  return context;
}

/**
 * One request as upstream's redeemer sends it, on a connection of its own, at the lowest cost: a
 * thousand at once are to load the service and not this process. Rejects unless the answer arrives
 * whole; TLS is closed in order after it.
 */
export function askOnce(
  token: Pick<UsableToken, "spec">,
  { name, subject, csr }: Redeemer,
  way: Way = {},
): Promise<WholeAnswer> {
  const { url, ca, code } = token.spec;
  const { hostname, port, pathname } = new URL(url);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `name: ${name}`,
    `subject: ${subject}`,
    ...csr === undefined ? [] : [`csr: ${Buffer.from(csr).toString("base64")}`],
    `Content-Length: ${code.length}`,
  ];
  return new Promise((resolve, reject) => {
    const options = {
      host: hostname,
      port: way.port ?? Number(port),
      secureContext: trusting(ca),
      localAddress: way.localAddress,
    };
    const socket = connect(options);
    const timer = setTimeout(
      () => socket.destroy(new Error("timed out")),
      way.patienceMs ?? usualPatienceMs,
    );
    let text = "";
    socket.setEncoding("latin1");
    socket.on("secureConnect", () => socket.write(`${head.join("\r\n")}\r\n\r\n${code}`));
    socket.on("data", (more: string) => {
      text += more;
      const answer = readAnswerText(text);
      if (answer === undefined) return;
      resolve(answer);
      socket.end();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      clearTimeout(timer);
      reject(new Error("no whole answer"));
    });
  });
}

/** The answer in the text; undefined as long as some of it is missing. */
function readAnswerText(text: string): WholeAnswer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length === undefined || body.length < Number(length)) return undefined;
  return { status: Number(head.slice(9, 12)), body: Buffer.from(body, "latin1").toString("utf8") };
}
