import { attributeNumber, attributeText, type Entity } from "./entity.ts";

/** The roles of connectors that are links, and of the connections for their control. */
export const linkConnectorRoles = ["inter-router", "edge"];

/**
 * The connections that a connector has made, the one for control first. The router names the last
 * one that it opened, and gives all of one connector the same group.
 */
export function connectionsOf(connector: Entity, connections: readonly Entity[]): Entity[] {
  const named = /^\[C(\d+)\]/.exec(attributeText(connector, "connectionMsg"))?.[1];
  const address = `${attributeText(connector, "host")}:${attributeText(connector, "port")}`;
  const outgoing = connections.filter((each) => attributeText(each, "dir") === "out");
  const opened = outgoing.find((each) => attributeText(each, "identity") === named) ??
    outgoing.find((each) => attributeText(each, "host") === address);
  if (opened === undefined) return [];
  const group = attributeText(opened, "groupCorrelationId");
  const all = group === ""
    ? outgoing.filter((each) => attributeText(each, "host") === attributeText(opened, "host"))
    : outgoing.filter((each) => attributeText(each, "groupCorrelationId") === group);
  return all.toSorted((a, b) => rank(a) - rank(b));
}

function rank(connection: Entity): number {
  return linkConnectorRoles.includes(attributeText(connection, "role")) ? 0 : 1;
}

/** Since when a connection is there (RFC 3339), as far as its router says. */
export function connectedSince(connection: Entity, nowMs: number): string | undefined {
  const uptimeSeconds = attributeNumber(connection, "uptimeSeconds");
  if (uptimeSeconds === undefined) return undefined;
  const at = new Date(nowMs - uptimeSeconds * 1000);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString().replace(/\.\d+Z$/, "Z");
}
