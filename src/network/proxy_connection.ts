import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { isIP, type Socket } from "node:net";
import { bareHost, proxyAuthorization } from "./proxy.ts";
import { awaitEvents } from "../runtime/abortable.ts";
import { faultOf } from "./answer_fault.ts";
import { blameProxy, brokenOff, codeOf } from "./connection_fault.ts";

/**
 * A connection through the proxy, of an http, https or socks5 url, to `host:port`. An https proxy
 * is trusted by `ca` where that is given, else as the system does. Rejects with the system's error,
 * on which the proxy is blamed, an Error that says how the proxy answered, or the signal's reason.
 */
export async function openThrough(
  proxy: URL,
  host: string,
  port: number,
  signal: AbortSignal,
  ca?: string[] | Buffer,
): Promise<Socket> {
  try {
    if (!proxy.protocol.startsWith("socks5")) {
      return await openTunnel(proxy, host, port, signal, ca);
    }
    // read when one is used, as HTTP is: they cost the start of each command that connects 5 ms
    const { openSocks } = await import("./socks.ts");
    return await openSocks(proxy, host, port, signal);
  } catch (error) {
    if (faultOf(error) !== undefined) {
      throw new Error(`the proxy ${proxy.host} does not speak HTTP`, { cause: error });
    }
    if (signal.aborted) throw error;
    // what a proxy answers names it; what the system says of the connection does not
    throw codeOf(error) === "" ? error : blameProxy(error, proxy);
  }
}

/** RFC 9110 9.3.6, CONNECT. */
async function openTunnel(
  ...[proxy, host, port, signal, ca]: Parameters<typeof openThrough>
): Promise<Socket> {
  const isHttps = proxy.protocol === "https:";
  const { request } = isHttps ? await import("node:https") : await import("node:http");
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const connect = request({
    host: bareHost(proxy),
    port: proxy.port || (isHttps ? 443 : 80),
    method: "CONNECT",
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    agent: false,
    ...(ca && { ca }),
  });
  try {
    return await awaitEvents<Socket>(signal, (resolve, reject) => {
      const refuse = ({ statusCode }: IncomingMessage) =>
        reject(new Error(`the proxy ${proxy.host} answered ${statusCode}`));
      connect.on("error", reject); // stays: one that comes later must not go unhandled
      connect.once("response", refuse).once("upgrade", refuse);
      connect.once("close", () => reject(brokenOff()));
      connect.once("connect", (response, socket, head) => {
        socket.on("error", () => {}); // whoever uses it learns of it too
        if (response.statusCode !== 200) {
          socket.destroy();
          return refuse(response);
        }
        if (head.length > 0) socket.unshift(head);
        resolve(socket as Socket); // http: without TLS it is one of node:net
      });
      connect.end();
      return () => {};
    });
  } catch (error) {
    connect.destroy();
    throw error;
  }
}
