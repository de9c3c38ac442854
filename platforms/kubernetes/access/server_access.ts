import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { appError } from "../../../src/errors/app_error.ts";
import { chooseProxy } from "../../../src/network/proxy.ts";
import { type ExecCredential, ExecPlugin } from "./exec_plugin.ts";
import { IdentityProvider } from "./identity_provider.ts";
import type { KubeContext, UserEntry } from "./kubeconfig.ts";
import { type Route, ServerAgent } from "./server_agent.ts";
import { readClientFiles, readNamedFile, readServerAuthority, whyUnusable } from "./tls_files.ts";

/** What a request made now is sent with. */
export interface RequestAccess {
  agent: ServerAgent;
  route: Route;
  headers: Record<string, string | string[]>;
}

/** An API server and the credentials for it, as the context in force has them. */
export class ServerAccess {
  readonly context: KubeContext;
  readonly #way: Omit<Route, "tls">;
  readonly #plugin: ExecPlugin | undefined;
  readonly #provider: IdentityProvider | undefined;
  #route: Route | undefined;
  #agent: ServerAgent | undefined;

  /**
   * Throws `invalid-value` for an HTTPS_PROXY that is none, `kubeconfig-invalid` for such a
   * proxy-url and `credentials-failed` for an auth-provider that is not supported.
   */
  constructor(context: KubeContext, env: Record<string, string | undefined>) {
    const { cluster, user } = context;
    const { exec, "auth-provider": provider } = user;
    const server = new URL(cluster.server);
    this.context = context;
    this.#way = {
      server,
      proxy: proxyOf(context, env),
      name: cluster["tls-server-name"],
      isTrusting: cluster["insecure-skip-tls-verify"] === true,
    };
    // a token beats a plugin, which is not even asked then
    this.#plugin = exec && !user.token && !user.tokenFile
      ? new ExecPlugin(context.name, exec, cluster, env)
      : undefined;
    this.#provider = provider ? new IdentityProvider(context, provider, env) : undefined;
  }

  /**
   * What a request made now is sent with: files are read again, expired credentials renewed. Throws
   * `credentials-failed`, `not-readable`, `kubeconfig-invalid` and the signal's reason.
   */
  async prepare(signal: AbortSignal): Promise<RequestAccess> {
    signal.throwIfAborted();
    const { context } = this;
    const ca = await readServerAuthority(context.cluster);
    const credential = await this.#plugin?.credential(ca, signal);
    const tls = { ...(ca && { ca }), ...await readClientFiles(context.user, credential) };
    const route = { ...this.#way, tls };
    // new files need new connections; those of the old ones end by themselves
    if (this.#agent === undefined || !isDeepStrictEqual(route, this.#route)) {
      const why = whyUnusable(route.tls);
      if (why !== undefined) {
        throw appError("kubeconfig-invalid", { file: context.files.join(", "), why });
      }
      this.#route = route;
      this.#agent = new ServerAgent(route);
    }
    return {
      agent: this.#agent,
      route,
      headers: {
        ...impersonationHeaders(context.user),
        ...await this.#authorization(credential, signal),
      },
    };
  }

  /**
   * The server did not accept the credentials: a plugin will be asked for others, and an id token
   * judged by the server's time (milliseconds since 1970) too.
   */
  renew(serverNow: number | undefined): void {
    this.#plugin?.forget();
    if (serverNow !== undefined) this.#provider?.judgeBy(serverNow);
  }

  async #authorization(
    credential: ExecCredential | undefined,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const { tokenFile, token, username, password = "" } = this.context.user;
    if (tokenFile) {
      const read = await readNamedFile(tokenFile).catch((error) => {
        if (!token) throw error; // as client-go: the token serves while the file is not there
        return Buffer.from(token);
      });
      return bearer(read.toString("utf8").trim());
    }
    if (token) return bearer(token);
    if (credential?.token) return bearer(credential.token);
    if (this.#provider !== undefined) return bearer(await this.#provider.token(signal));
    if (!username) return {};
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
  }
}

/** Why a server may not accept what a request was sent with, if that shows it. */
export function explainRefusal({ route: { tls } }: RequestAccess): string | undefined {
  if (tls.cert === undefined) return undefined;
  const end = new Date(new X509Certificate(tls.cert).validTo);
  return end.getTime() < Date.now()
    ? `its client certificate expired at ${end.toISOString()}`
    : undefined;
}

function proxyOf(context: KubeContext, env: Record<string, string | undefined>): URL | undefined {
  const text = context.cluster["proxy-url"];
  if (!text) return chooseProxy(new URL(context.cluster.server), env);
  const proxy = URL.parse(text);
  if (proxy !== null && /^(https?|socks5h?):$/.test(proxy.protocol)) return proxy;
  throw appError("kubeconfig-invalid", {
    file: context.files.join(", "),
    why: "proxy-url must be an http://, https:// or socks5:// url",
  });
}

/** As client-go's transport.ImpersonationConfig. */
function impersonationHeaders(user: UserEntry): RequestAccess["headers"] {
  const headers: RequestAccess["headers"] = {};
  if (user.as) headers["impersonate-user"] = inBytes(user.as);
  if (user["as-uid"]) headers["impersonate-uid"] = inBytes(user["as-uid"]);
  if (user["as-groups"]?.length) headers["impersonate-group"] = user["as-groups"].map(inBytes);
  for (const [key, values] of Object.entries(user["as-user-extra"] ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(key)}`] = values.map(inBytes);
  }
  return headers;
}

/** A header's value that goes out as the bytes of its UTF-8, as Go sends it. */
function inBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
