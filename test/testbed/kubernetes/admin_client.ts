import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { Agent, request } from "node:https";
import type { KeyPairFiles } from "./certificates.ts";

/** An answer that is no success. */
export class ApiFailure extends Error {
  readonly status: number;

  constructor(status: number, body: string) {
    super(`${status}: ${body.slice(0, 500)}`);
    this.status = status;
  }
}

/** Requests to the API server as its administrator, independent of the code under test. */
export class AdminClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, ca: string, pair: KeyPairFiles) {
    this.#url = url;
    this.#agent = new Agent({
      keepAlive: true,
      ca: fs.readFileSync(ca),
      cert: fs.readFileSync(pair.certificate),
      key: fs.readFileSync(pair.key),
    });
  }

  /** One request; `body` goes as JSON. Throws ApiFailure for anything but 2xx. */
  // deno-lint-ignore no-explicit-any -- a test knows what it asked the API server for
  call(method: string, path: string, body?: unknown): Promise<any> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const content = body === undefined ? undefined : JSON.stringify(body);
    // which DELETE does not say by itself
    const length = content && { "content-length": Buffer.byteLength(content) };
    return new Promise((resolve, reject) => {
      const sent = request(this.#url + path, {
        method,
        agent: this.#agent,
        headers: { accept: "application/json", "content-type": type, ...length },
      }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const status = response.statusCode!;
          if (status >= 300) return reject(new ApiFailure(status, text));
          resolve(text.startsWith("{") ? JSON.parse(text) : text);
        });
      });
      sent.on("error", reject);
      sent.end(content);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
