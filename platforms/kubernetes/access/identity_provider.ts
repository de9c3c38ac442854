import { Buffer } from "node:buffer";
import { readFile, realpath } from "node:fs/promises";
import { appError } from "../../../src/errors/app_error.ts";
import { writeWhole } from "../../../src/runtime/files.ts";
import { chooseProxy } from "../../../src/network/proxy.ts";
import { abortable } from "../../../src/runtime/abortable.ts";
import type { AuthProviderEntry, KubeContext } from "./kubeconfig.ts";
import { ServerAgent } from "./server_agent.ts";
import { readNamedFile } from "./tls_files.ts";
import { readBody, transmit } from "./transport.ts";

/** What an OpenID provider says of itself (OpenID Connect Discovery 1.0, 3). */
interface Discovery {
  token_endpoint?: string;
  token_endpoint_auth_methods_supported?: string[];
}

/** What it gives for a refresh token, or why it does not (RFC 6749 5.1 and 5.2). */
interface TokenAnswer {
  id_token?: string;
  refresh_token?: string;
  error?: string;
  error_description?: string;
}

const never = new AbortController().signal;

/**
 * The `oidc` auth-provider of a kubeconfig, as client-go has it: an id token that is refreshed when
 * it has expired. A refresh token that the provider replaces is replaced in the kubeconfig too,
 * since the old one may be spent.
 */
export class IdentityProvider {
  readonly #context: KubeContext;
  readonly #env: Record<string, string | undefined>;
  readonly #config: Record<string, string>;
  #refreshing: Promise<void> | undefined;
  /** How far this machine's clock is behind the server's. */
  #behindMs = 0;

  constructor(
    context: KubeContext,
    entry: AuthProviderEntry,
    env: Record<string, string | undefined>,
  ) {
    this.#context = context;
    this.#env = env;
    this.#config = { ...entry.config };
    if (entry.name !== "oidc") {
      throw this.#failed(
        `its auth-provider "${entry.name}" is not supported, but exec plugins are`,
      );
    }
  }

  /** Goes by a server's clock (milliseconds since 1970) where this machine's is behind it. */
  judgeBy(serverNow: number): void {
    this.#behindMs = Math.max(0, serverNow - Date.now());
  }

  /**
   * An id token that has not expired. Throws `credentials-failed`, `not-readable` and the signal's
   * reason.
   */
  async token(signal: AbortSignal): Promise<string> {
    const token = this.#config["id-token"];
    if (token !== undefined && expiryOf(token) > Date.now() + this.#behindMs) return token;
    // one refresh for all who wait: a refresh token may be good for one only
    this.#refreshing ??= this.#refresh().finally(() => this.#refreshing = undefined);
    await abortable(this.#refreshing, signal);
    return this.#config["id-token"]!;
  }

  async #refresh(): Promise<void> {
    const { "refresh-token": spent, "idp-issuer-url": issuer, "client-id": id } = this.#config;
    if (!spent || !issuer || !id) {
      throw this.#failed("its id token has expired, and there is no refresh token: log in again");
    }
    const secret = this.#config["client-secret"];
    const wellKnown = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const found: Discovery = await this.#ask(wellKnown, { method: "GET", headers: {} });
    const inBody = !secret ||
      found.token_endpoint_auth_methods_supported?.includes("client_secret_basic") === false;
    const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: spent });
    if (inBody) form.set("client_id", id);
    if (inBody && secret) form.set("client_secret", secret);
    const answer: TokenAnswer = await this.#ask(found.token_endpoint ?? "", {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(inBody ? {} : { authorization: basic(id, secret) }),
      },
      body: form.toString(),
    });
    if (!answer.id_token) throw this.#failed(`${issuer} gave no id token`);
    this.#config["id-token"] = answer.id_token;
    if (!answer.refresh_token || answer.refresh_token === spent) return;
    this.#config["refresh-token"] = answer.refresh_token;
    await replaceInFiles(this.#context.files, spent, answer.refresh_token);
  }

  async #ask(
    address: string,
    request: { method: string; headers: Record<string, string>; body?: string },
  ): Promise<Record<string, never>> {
    const url = URL.parse(address);
    if (url?.protocol !== "https:") throw this.#failed(`"${address}" is no https:// url`);
    const ca = await this.#authority();
    const proxy = chooseProxy(url, this.#env);
    const agent = new ServerAgent({
      server: url,
      proxy,
      name: undefined,
      isTrusting: false,
      tls: ca ? { ca } : {},
    });
    let status: number;
    let body: string;
    try {
      const answer = await transmit(agent, { url, ...request }, never);
      status = answer.status;
      body = await readBody(answer, never);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw this.#failed(`${url.origin} did not answer: ${why}`, cause);
    } finally {
      agent.destroy();
    }
    const found = parse(body);
    if (status === 200 && found !== undefined) return found;
    const { error = "", error_description: why = "" } = (found ?? {}) as TokenAnswer;
    throw this.#failed(`${url.origin} answered ${status} ${error} ${why}`.trim());
  }

  async #authority(): Promise<Buffer | undefined> {
    const file = this.#config["idp-certificate-authority"];
    const data = this.#config["idp-certificate-authority-data"];
    if (file) return await readNamedFile(file);
    return data ? Buffer.from(data, "base64") : undefined;
  }

  #failed(why: string, cause?: unknown): Error {
    return appError("credentials-failed", { context: this.#context.name, why }, { cause });
  }
}

/** RFC 6749 2.3.1. */
function basic(id: string, secret: string | undefined): string {
  const pair = [id, secret ?? ""].map(encodeURIComponent).join(":");
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function parse(body: string): Record<string, never> | undefined {
  try {
    const found = JSON.parse(body);
    return typeof found === "object" && found !== null ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Puts the new text where the old one stands, and leaves all else of the files as it is. */
async function replaceInFiles(files: string[], before: string, after: string): Promise<void> {
  if (!/^[\w.~+/=-]+$/.test(after)) return; // would need quoting
  for (const file of files) {
    try {
      const target = await realpath(file);
      const text = await readFile(target, "utf8");
      if (!text.includes(before)) continue;
      const replaced = text.replaceAll(before, () => after);
      await writeWhole(target, replaced, { mode: 0o600, replace: "always" });
    } catch {
      // a kubeconfig that can't be written still served this time
    }
  }
}

/** When a JSON web token expires, in milliseconds since 1970; 0 if it does not say. */
function expiryOf(token: string): number {
  const claims = parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  const { exp } = (claims ?? {}) as { exp?: number };
  return typeof exp === "number" ? exp * 1000 : 0;
}
