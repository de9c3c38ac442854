import { Buffer } from "node:buffer";
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";
import type { Socket } from "node:net";

/** A request of HTTP/1.1. */
export interface HttpRequest {
  url: URL;
  method: "GET" | "POST" | "DELETE";
  headers: Record<string, string>;
  body: string;
  /** True if a proxy is asked for the whole url (RFC 9112 3.2.2). */
  asksProxy?: boolean;
}

/** A whole answer. */
export interface HttpAnswer {
  status: number;
  /** The reason phrase beside the status, which may be empty. */
  statusText: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The code of the error of an answer that is larger than allowed. */
export const tooLargeCode = "ERR_ANSWER_TOO_LARGE";

/**
 * One request and its whole answer over a connection of its own, which is closed then. Rejects with
 * the system's or the parser's error, ECONNRESET for an answer that was cut off, `tooLargeCode`
 * beyond `maxBytes`, and the signal's reason.
 */
export async function exchangeOver(
  socket: Socket,
  request: HttpRequest,
  maxBytes: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const response = await send(socket, request);
    const body = await readBody(response, maxBytes);
    const { statusCode: status = 0, statusMessage: statusText = "", headers } = response;
    return { status, statusText, headers, body };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    socket.end();
  }
}

function send(socket: Socket, request: HttpRequest): Promise<IncomingMessage> {
  const { url, method, headers, body } = request;
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      // an agent, even none, would open a connection of its own
      createConnection: () => socket,
      method,
      path: `${request.asksProxy ? url.origin : ""}${url.pathname}${url.search}`,
      headers: {
        ...headers,
        host: url.host,
        connection: "close",
        "content-length": Buffer.byteLength(body),
      },
    }, resolve);
    sent.on("error", reject);
    sent.end(body);
  });
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxBytes) {
      throw Object.assign(new Error(`larger than ${maxBytes} bytes`), { code: tooLargeCode });
    }
    chunks.push(chunk);
  }
  if (!response.complete) throw Object.assign(new Error("cut off"), { code: "ECONNRESET" });
  return Buffer.concat(chunks);
}
