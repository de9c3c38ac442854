import { hostAndPort } from "../resources/resource.ts";

/** The ways a cluster makes the grant service reachable from outside. */
export const exposureKinds = [
  "securedaccess",
  "loadbalancer",
  "ingress",
  "route",
  "nodeport",
] as const;

export type ExposureKind = (typeof exposureKinds)[number];

/** A place that others reach something at. */
export interface Address {
  host: string;
  port: number;
}

/**
 * How the grant service of a cluster is reached: through what, or at a place that is seen to by
 * others.
 */
export type Exposure = ExposureKind | Address;

/** What `--expose` takes; undefined for a text that is neither a way nor `host:port`. */
export function parseExposure(text: string): Exposure | undefined {
  const kind = exposureKinds.find((kind) => kind === text);
  return kind ?? parseAddress(text);
}

/** An exposure as `--expose` takes it. */
export function writeExposure(exposure: Exposure): string {
  if (typeof exposure === "string") return exposure;
  return hostAndPort(exposure.host, exposure.port);
}

function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)):(\d{1,5})$/.exec(text) ??
      [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host !== undefined && port >= 1 && port <= 65535 ? { host, port } : undefined;
}
