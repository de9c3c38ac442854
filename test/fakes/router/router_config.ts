import * as fs from "node:fs";
import { join } from "node:path";

export type Attributes = Record<string, unknown>;

/** An sslProfile, with paths as the router sees them. */
export interface Profile {
  name: string;
  caCertFile: string;
  certFile: string;
  privateKeyFile: string;
}

export interface ConnectorConfig {
  name: string;
  role: string;
  host: string;
  port: string;
  cost: number;
  sslProfile: string;
}

/** What runtime/router/skrouterd.json says. */
export interface RouterConfig {
  root: string;
  id: string;
  mode: string;
  metadata: string;
  site: Attributes;
  listeners: { name: string; role: string; port: number; sslProfile: string }[];
  connectors: ConnectorConfig[];
  profiles: Profile[];
}

/** Where a container has the folder of its namespace. */
const inContainer = "/etc/skupper-router";

/** Reads the router's configuration as its start script does, which puts in the folder's name. */
export function readRouterConfig(root: string): RouterConfig {
  const text = fs.readFileSync(join(root, "runtime/router/skrouterd.json"), "utf8")
    .replaceAll("${SSL_PROFILE_BASE_PATH}", inContainer);
  const entities: [string, Attributes][] = JSON.parse(text);
  const of = <T>(type: string) =>
    entities.filter(([each]) => each === type).map(([, attributes]) => attributes as T);
  const [router] = of<{ id: string; mode: string; metadata: string }>("router");
  return {
    root,
    ...router!,
    site: of<Attributes>("site")[0] ?? {},
    listeners: of("listener"),
    connectors: of("connector"),
    profiles: of("sslProfile"),
  };
}

/** The file of this machine that a router sees under that path. */
export function fileOf(root: string, path: string): string {
  return path.startsWith(`${inContainer}/`) ? join(root, path.slice(inContainer.length)) : path;
}
