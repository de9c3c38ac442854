import { isAppError } from "../errors/app_error.ts";
import { attributeNumber, attributeText, type Entity } from "./entity.ts";
import type { RouterManagement } from "./management.ts";

/** A link as a router makes it. */
export interface Connector {
  name: string;
  role: "inter-router" | "edge";
  host: string;
  port: string;
  cost: number;
  sslProfile: string;
}

/**
 * Has the router make that link and no other of its name. One that is as it should be is left
 * alone; another is ended first, since a router changes none, and made again as it was if the
 * router refuses the new one. Throws as RouterManagement does.
 */
export async function setConnector(
  management: RouterManagement,
  wanted: Connector,
  signal: AbortSignal,
): Promise<void> {
  const { name, ...attributes } = wanted;
  const before = await findConnector(management, name, signal);
  if (before !== undefined) {
    if (isSame(before, wanted)) return;
    await management.remove("connector", name, signal);
  }
  try {
    await management.create("connector", name, attributes, signal);
  } catch (error) {
    if (before === undefined || !isAppError(error, "router-refused")) throw error;
    const { name: _, ...old } = asConnector(before);
    await management.create("connector", name, old, signal);
    throw error;
  }
}

/**
 * Has the router end that link, and forget the credentials that no other link uses. Gives the name
 * of those, if there were any. Throws as RouterManagement does.
 */
export async function dropConnector(
  management: RouterManagement,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const before = await findConnector(management, name, signal);
  if (before === undefined) return undefined;
  await management.remove("connector", name, signal);
  const profile = attributeText(before, "sslProfile");
  const others = await management.query("connector", signal);
  const isUsed = others.some((other) => attributeText(other, "sslProfile") === profile);
  if (profile === "" || isUsed) return undefined;
  await management.remove("sslProfile", profile, signal);
  return profile;
}

async function findConnector(
  management: RouterManagement,
  name: string,
  signal: AbortSignal,
): Promise<Entity | undefined> {
  const connectors = await management.query("connector", signal);
  return connectors.find((connector) => attributeText(connector, "name") === name);
}

function isSame(found: Entity, wanted: Connector): boolean {
  const has = asConnector(found);
  return (Object.keys(wanted) as (keyof Connector)[]).every((key) => has[key] === wanted[key]);
}

function asConnector(entity: Entity): Connector {
  return {
    name: attributeText(entity, "name"),
    role: attributeText(entity, "role") as Connector["role"], // of a link, as it was made
    host: attributeText(entity, "host"),
    port: attributeText(entity, "port"),
    cost: attributeNumber(entity, "cost") ?? 1,
    sslProfile: attributeText(entity, "sslProfile"),
  };
}
