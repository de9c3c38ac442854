import { findFreePort } from "../testbed/server_process.ts";
import type { Machine } from "./system_start.ts";

/** Podman on a machine of some addresses, whose router gets ports that are free now. */
export async function machineOf(
  home: string,
  namespace: string,
  differences: Partial<Machine> = {},
): Promise<Machine> {
  const [normal, interRouter, edge] = [
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
  ];
  return {
    home,
    namespace,
    platform: "podman",
    release: "2.2.1",
    hosts: ["machine", "192.0.2.7", "fe80::1", "2001:db8::5"],
    ports: { normal, "inter-router": interRouter, edge },
    ...differences,
  };
}
