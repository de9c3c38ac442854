import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openBenchSite } from "./bench_site.ts";
import { type Figure, goal, median } from "./figure.ts";
import type { HandshakeServer } from "./handshake_server.ts";
import { programWords, runLoad } from "./load.ts";

const rounds = 5;
const size = { warmUp: 300, requests: 2000 };

/**
 * Redemptions a second of one grant, by the client's own key and by one that the service makes,
 * beside TLS 1.3 handshakes a second. The client program is the same, and shares this machine's
 * cores with the server, each time.
 */
export async function measureRedemptions(hawser: string): Promise<Figure[]> {
  const [program, file] = programWords("handshake_server.ts");
  const server = spawn(program, [file], { stdio: ["ignore", "pipe", "inherit"] });
  const site = openBenchSite(hawser);
  const rates = { handshake: [], clientKey: [], serviceKey: [] } as Record<string, number[]>;
  try {
    const { url, ca } = await readTold(server);
    for (let round = 0; round < rounds; round++) {
      rates["handshake"]!.push(runLoad({ kind: "handshake", url, ca, code: "", ...size }));
      rates["clientKey"]!.push(runLoad({ kind: "client-key", ...site.issue(10_000), ...size }));
      rates["serviceKey"]!.push(runLoad({ kind: "service-key", ...site.issue(10_000), ...size }));
    }
  } finally {
    server.kill();
    site.close();
  }
  const limit = median(rates["handshake"]!);
  return [
    { name: "TLS 1.3 handshakes, 32 clients", value: `${limit.toFixed(0)}/s` },
    compare("redemptions, client's key", median(rates["clientKey"]!), limit),
    compare("redemptions, service's key", median(rates["serviceKey"]!), limit),
  ];
}

function compare(name: string, perSecond: number, limit: number): Figure {
  return {
    name,
    value: `${perSecond.toFixed(0)}/s`,
    comparison: `${(perSecond / limit).toFixed(2)} of the handshakes`,
    goal: goal(perSecond / limit, "at least", 0.6),
  };
}

async function readTold(server: ChildProcess): Promise<HandshakeServer> {
  const [told] = await once(server.stdout!, "data");
  return JSON.parse(String(told));
}
