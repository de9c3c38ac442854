import type { Message } from "rhea";
import { findRouter, neighbours, reachable } from "./network.ts";
import { connectionRoles } from "./connectors.ts";
import type { Router } from "./router.ts";
import type { Attributes, ConnectorConfig, Profile } from "./router_config.ts";

/** What a router answers to a message to its management, or to that of another one. */
export function answerManagement(
  router: Router,
  message: Message,
): Message | "unroutable" | undefined {
  const to = String(message["to"] ?? "");
  const asked = to === "$management" ? router : findRouter(router, to);
  return asked === undefined ? "unroutable" : answer(asked, message);
}

function answer(router: Router, message: Message): Message | undefined {
  if (router.answers === "nothing") return undefined;
  if (router.answers === "refusals") return status(403, "Forbidden");
  if (router.answers === "nonsense") {
    return reply(200, "OK", { attributeNames: 7, results: "\u001b[2J" });
  }
  const { operation, entityType, type, name } = message["application_properties"] as Attributes;
  const kind = String(entityType ?? type).replace("io.skupper.router.", "");
  try {
    switch (operation) {
      case "QUERY":
        return table(entitiesOf(router, kind));
      case "CREATE":
        return create(router, kind, String(name), message["body"]);
      case "DELETE":
        return remove(router, kind, String(name));
      default:
        return status(501, "Not Implemented");
    }
  } catch (error) {
    return status(500, `CError: ${(error as Error).message}`);
  }
}

function entitiesOf(router: Router, kind: string): Attributes[] {
  switch (kind) {
    case "router": {
      const { id, mode, metadata } = router.config;
      return [{ id, mode, metadata, name: `router/${id}`, version: null }];
    }
    case "site":
      return [router.config.site];
    case "connector":
      return router.connectors.entities();
    case "connection":
      return [...router.connectors.connections(), ...router.incoming.values().flatMap(asMade)].map(
        (each) => ({ uptimeSeconds: 0, ...each }),
      );
    case "sslProfile":
      return [...router.profiles.values()].map((profile) => ({ ...profile }));
    case "router.node":
      return [...reachable(router)].map(([id, { cost, next }]) => ({
        id,
        linkState: [...neighbours(id).keys()],
        nextHop: id === router.id ? "(self)" : next || null,
        cost: id === router.id ? null : cost,
        address: `amqp:/_topo/0/${id}`,
      }));
    default:
      throw new Error(`No such entity type 'io.skupper.router.${kind}'`);
  }
}

/** All connections that come of a link, of which the stand-in makes but the first. */
function asMade(connection: Attributes): Attributes[] {
  const { identity, role } = connection;
  return connectionRoles(String(role)).map((role, index) => ({
    ...connection,
    role,
    identity: index === 0 ? identity : `${identity}${index}`,
  }));
}

function create(router: Router, kind: string, name: string, body: Attributes): Message {
  if (kind === "sslProfile") {
    if (router.profiles.has(name)) return status(400, "duplicates unique attribute 'name'");
    router.profiles.set(name, { ...body, name } as unknown as Profile);
  } else if (kind === "connector") {
    router.connectors.add({ ...body, name } as unknown as ConnectorConfig);
  } else {
    return status(501, "Not Implemented");
  }
  return reply(201, "Created", { ...body, name });
}

function remove(router: Router, kind: string, name: string): Message {
  const isGone = kind === "sslProfile"
    ? router.profiles.delete(name)
    : router.connectors.remove(name);
  return isGone ? status(204, "No Content") : status(404, `No entity with name=${name}`);
}

function table(entities: Attributes[]): Message {
  const attributeNames = [...new Set(entities.flatMap((entity) => Object.keys(entity)))];
  const results = entities.map((entity) => attributeNames.map((name) => entity[name] ?? null));
  return reply(200, "OK", { attributeNames, results });
}

function status(code: number, description: string): Message {
  return reply(code, description, {});
}

function reply(statusCode: number, statusDescription: string, body: unknown): Message {
  return { application_properties: { statusCode, statusDescription }, body } as unknown as Message;
}
