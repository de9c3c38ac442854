/** One request as the grant service's HTTP layer hands it on: whole, checked, and not yet judged. */
export interface HttpRequest {
  method: string;
  /** The target's path as sent, without the query. */
  path: string;
  /** Field names in lower case; fields sent twice are joined by a comma (RFC 9110 5.3). */
  headers: ReadonlyMap<string, string>;
  body: Uint8Array;
  /** The peer's address, without its port. */
  address: string;
  /** False once the client is known to be gone: what it asked for need not be done. */
  isConnected(): boolean;
}

/** The answer to a request. */
export interface HttpResponse {
  status: number;
  /** Text; the HTTP layer adds the date, the length and `Connection: close`. */
  body: string;
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
  /** Called once: true if the client has taken the whole answer, false if that is not certain. */
  settle?(delivered: boolean): void;
}

/** What answers requests; what it throws becomes a 500. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>;
