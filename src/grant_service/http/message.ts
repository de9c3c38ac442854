/** One request as the HTTP layer hands it on: whole and well-formed, and not yet judged. */
export interface ReceivedRequest {
  method: string;
  /** The target's path as sent, without the query. */
  path: string;
  /** Field names in lower case; a field sent twice is joined by a comma (RFC 9110 5.3). */
  headers: ReadonlyMap<string, string>;
  body: Uint8Array;
  /** The peer's address, without its port. */
  address: string;
  /** False once the client is known to be gone. Its request need not be carried out then. */
  isConnected(): boolean;
  /** Says that the request waits, and may be cut in favour of others until that is taken back. */
  setAside(isSetAside: boolean): void;
}

/** The answer to a request. */
export interface HttpResponse {
  status: number;
  /** Text; the HTTP layer adds the date, the length and `Connection: close`. */
  body: string;
  /** Plain text where it is left out. */
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
  /**
   * Called once: true if the client has taken the whole answer and said so by closing TLS, false if
   * that is not certain.
   */
  settle?(delivered: boolean): void;
}

/** Answers requests. An error it throws becomes a 500. */
export type HttpHandler = (request: ReceivedRequest) => Promise<HttpResponse>;

/** A request that is answered by the HTTP layer itself. Its message goes to the client. */
export class HttpProblem extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const reasonPhrases: Record<number, string> = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  417: "Expectation Failed",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** The response as it goes over the wire (RFC 9112); `now` is in milliseconds since 1970. */
export function formatResponse(response: HttpResponse, now: number): string {
  const fields: Record<string, string> = {
    "Date": new Date(now).toUTCString(),
    "Content-Type": response.contentType ?? "text/plain; charset=utf-8",
    "Content-Length": String(new TextEncoder().encode(response.body).length),
    "Connection": "close",
    ...response.headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const reason = reasonPhrases[response.status] ?? "";
  return `HTTP/1.1 ${response.status} ${reason}\r\n${lines.join("")}\r\n${response.body}`;
}
