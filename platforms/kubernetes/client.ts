import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Agent, type RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { appError, isAppError } from "../../src/errors/app_error.ts";
import { chooseProxy } from "../../src/runtime/proxy.ts";
import { explainSystemError, systemErrorCode } from "../../src/runtime/system_error.ts";
import { abortable } from "./abortable.ts";
import { ExecPlugin } from "./exec_plugin.ts";
import type { AuthProviderEntry, KubeContext, UserEntry } from "./kubeconfig.ts";

/** What a request to the API server carries beside itself. */
export type AccessOptions = RequestOptions & { headers: Record<string, string | string[]> };

/** An API server and the credentials for it. */
export class ServerAccess {
  readonly server: URL;
  readonly context: KubeContext;
  readonly #config: KubeConfig;
  readonly #plugin: ExecPlugin | undefined;
  readonly #direct: Agent | undefined;
  #provider: AuthProviderEntry | undefined;
  #providerToken: string | undefined;

  /** Throws `invalid-value` for an HTTPS_PROXY that is none. */
  constructor(context: KubeContext, env: Record<string, string | undefined>) {
    this.context = context;
    this.server = new URL(context.cluster.server);
    const proxy = context.cluster["proxy-url"] || chooseProxy(this.server, env)?.href;
    // the package's own agent keeps no connection, and is needed for proxies only
    this.#direct = proxy === undefined ? new Agent({ keepAlive: true }) : undefined;
    // its exec plugins can't be ended, it knows no tokenFile and forgets refresh tokens
    const { exec, tokenFile: _, "auth-provider": provider, ...user } = context.user;
    this.#plugin = exec ? new ExecPlugin(context.name, exec, context.cluster, env) : undefined;
    this.#provider = provider ?? undefined;
    this.#config = makeConfig({ ...context.cluster, "proxy-url": proxy }, user);
  }

  /**
   * TLS options, agent and headers for a request made now: files are read again, expired credentials
   * renewed. Throws `credentials-failed`, `not-readable` and the signal's reason.
   */
  async options(signal: AbortSignal): Promise<AccessOptions> {
    signal.throwIfAborted();
    const options: AccessOptions = { headers: {} };
    try {
      await abortable(this.#config.applyToHTTPSOptions(options), signal);
      await this.#authenticate(options, signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#describe(cause);
    }
    Object.assign(options.headers, impersonationHeaders(this.context.user));
    if (this.#direct !== undefined) options.agent = this.#direct;
    return options;
  }

  /** Credentials were not accepted: those that can be had anew will be. */
  renew(): void {
    this.#plugin?.forget();
    this.#providerToken = undefined;
  }

  /** Why the server may not accept the credentials, if they show it. */
  explainRefusal({ cert }: AccessOptions): string | undefined {
    if (cert === undefined) return undefined;
    const { validTo } = new X509Certificate(cert as string | Buffer); // set here or by the package
    const end = new Date(validTo);
    return end.getTime() < Date.now()
      ? `its client certificate expired at ${end.toISOString()}`
      : undefined;
  }

  async #authenticate(options: AccessOptions, signal: AbortSignal): Promise<void> {
    const { tokenFile } = this.context.user;
    const credential = await this.#plugin?.credential(signal);
    const token = tokenFile
      ? (await readFile(tokenFile, "utf8")).trim()
      : credential?.token ?? await this.#askProvider(signal);
    if (token !== undefined) options.headers["Authorization"] = `Bearer ${token}`;
    if (credential?.certificate !== undefined) {
      options.cert = credential.certificate;
      options.key = credential.key;
    }
  }

  /** The token of the user's auth-provider (OIDC), refreshed when it has expired. */
  async #askProvider(signal: AbortSignal): Promise<string | undefined> {
    if (this.#provider === undefined) return undefined;
    if (this.#providerToken !== undefined && expiryOf(this.#providerToken) > Date.now()) {
      return this.#providerToken;
    }
    const config = makeConfig(this.context.cluster, { "auth-provider": this.#provider });
    const options: AccessOptions = { headers: {} };
    await abortable(config.applyToHTTPSOptions(options), signal);
    const renewed: AuthProviderEntry = config.getCurrentUser()?.authProvider;
    const kept = Object.entries(renewed.config ?? {}).filter(([, value]) => value !== undefined);
    this.#provider = {
      ...this.#provider,
      config: { ...this.#provider.config, ...Object.fromEntries(kept) },
    };
    const header = options.headers["Authorization"];
    return this.#providerToken = header === undefined
      ? undefined
      : String(header).replace(/^Bearer /, "");
  }

  #describe(cause: unknown): unknown {
    if (isAppError(cause)) return cause;
    if (systemErrorCode(cause) !== undefined && "path" in (cause as object)) {
      const { path } = cause as NodeJS.ErrnoException & { path: string };
      return appError("not-readable", { path, why: explainSystemError(cause) }, { cause });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    return appError("credentials-failed", { context: this.context.name, why }, { cause });
  }
}

function makeConfig(cluster: object, user: object): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(JSON.stringify({
    clusters: [{ name: "cluster", cluster }],
    users: [{ name: "user", user }],
    contexts: [{ name: "context", context: { cluster: "cluster", user: "user" } }],
    "current-context": "context",
  }));
  return config;
}

/** As client-go's transport.ImpersonationConfig; the package knows the user's name only. */
function impersonationHeaders(user: UserEntry): AccessOptions["headers"] {
  const headers: AccessOptions["headers"] = {};
  if (user["as-uid"]) headers["Impersonate-Uid"] = user["as-uid"];
  if (user["as-groups"]?.length) headers["Impersonate-Group"] = user["as-groups"];
  for (const [key, values] of Object.entries(user["as-user-extra"] ?? {})) {
    headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = values;
  }
  return headers;
}

/** When a JSON web token expires, in milliseconds since 1970; 0 for any other token. */
function expiryOf(token: string): number {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof claims.exp === "number" ? claims.exp * 1000 : 0;
  } catch {
    return 0;
  }
}
