import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Machine } from "./system_start.ts";

/** Podman on a machine of some addresses, whose router gets ports that are free now. */
export async function machineOf(
  home: string,
  namespace: string,
  differences: Partial<Machine> = {},
): Promise<Machine> {
  const [normal, interRouter, edge] = await freePorts(3);
  return {
    home,
    namespace,
    platform: "podman",
    release: "2.2.1",
    hosts: ["machine", "192.0.2.7", "fe80::1", "2001:db8::5"],
    ports: { normal: normal!, "inter-router": interRouter!, edge: edge! },
    ...differences,
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port); // TCP servers
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
