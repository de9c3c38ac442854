import { access } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { RouterProbe } from "../../src/platform/abilities.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { RouterAccess } from "../../src/resources/router_access.ts";
import type { NamespacePaths } from "./paths.ts";

/** A listening router on this machine accepts at once. */
const connectLimitMs = 1000;

/**
 * Sees whether a router listens for the site. What upstream's Site says of it proves nothing: that is
 * written before the router starts (spec/skupper-system-sites.md 2).
 */
export function routerProbe(paths: NamespacePaths, platform: Platform): RouterProbe {
  const options = `-n ${paths.namespace} -p ${platform.name}`;
  return {
    async router(_site, signal) {
      if (!await exists(join(paths.runtimeRouter, "skrouterd.json"))) {
        return { running: false, start: `skupper system start ${options}` };
      }
      const accesses = await platform.list("RouterAccess", signal);
      for (const { host, port } of listeners(accesses)) {
        if (await accepts(host, port, signal)) return { running: true };
      }
      return { running: false, start: `skupper system reload ${options}` };
    },
  };
}

/** Where the router listens on this machine; the listener for local clients, which each has, first. */
function listeners(accesses: RouterAccess[]): { host: string; port: number }[] {
  const found = accesses.flatMap(({ spec }) =>
    (spec?.roles ?? []).map(({ name, port }) => ({
      host: spec?.bindHost || "127.0.0.1",
      port: port ?? 0,
      local: name === "normal",
    }))
  );
  const local = found.filter((listener) => listener.local);
  return (local.length > 0 ? local : found).filter(({ port }) => port > 0);
}

function accepts(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port });
    socket.setTimeout(connectLimitMs, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    signal.addEventListener("abort", stop, { once: true });
    function stop() {
      socket.destroy();
      reject(signal.reason);
    }
    function end(accepted: boolean) {
      signal.removeEventListener("abort", stop);
      socket.destroy();
      resolve(accepted);
    }
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
