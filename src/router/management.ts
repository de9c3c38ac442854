import { appError } from "../errors/app_error.ts";
import type { AmqpAnswer } from "../network/amqp.ts";
import { type Entity, type EntityType, entityTypes } from "./entity.ts";

/** What carries requests to a router: AmqpConversation, or what stands in for it. */
export interface Conversation {
  request(
    to: string,
    properties: Record<string, unknown>,
    body: unknown,
    signal: AbortSignal,
  ): Promise<AmqpAnswer>;
}

/** Another router of the network. */
export interface RemoteRouter {
  name: string;
  edge?: boolean;
}

/** Each router answers to this name (AMQP management 1.0 working draft 9, 2.1). */
const local = "$management";

/**
 * A router's management (AMQP management 1.0, as skupper-router speaks it): entities are asked for,
 * made and removed by type and name. Throws `router-refused` for what the router does not do,
 * `router-answer` for an answer that is none, and what the conversation throws.
 */
export class RouterManagement {
  readonly #conversation: Conversation;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** All entities of a type; `at` is another router of the network, which is asked instead. */
  async query(type: EntityType, signal: AbortSignal, at?: RemoteRouter): Promise<Entity[]> {
    const to = at === undefined
      ? local
      : `amqp:/${at.edge ? "_edge" : "_topo/0"}/${at.name}/${local}`;
    const properties = { operation: "QUERY", entityType: entityTypes[type] };
    const answer = await this.#conversation.request(to, properties, { attributeNames: [] }, signal);
    requireDone(answer, "list", type);
    return entitiesIn(answer.body, type);
  }

  /** Makes an entity. One of that name must not be there: the router would log an error. */
  async create(
    type: EntityType,
    name: string,
    attributes: Record<string, string | number>,
    signal: AbortSignal,
  ): Promise<void> {
    const properties = { operation: "CREATE", type: entityTypes[type], name };
    const answer = await this.#conversation.request(local, properties, attributes, signal);
    requireDone(answer, "make", `${type} "${name}"`);
  }

  /** Removes an entity; gone is gone. */
  async remove(type: EntityType, name: string, signal: AbortSignal): Promise<void> {
    const properties = { operation: "DELETE", type: entityTypes[type], name };
    const answer = await this.#conversation.request(local, properties, {}, signal);
    if (answer.properties["statusCode"] === 404) return;
    requireDone(answer, "remove", `${type} "${name}"`);
  }
}

function requireDone({ properties }: AmqpAnswer, operation: string, what: string): void {
  const { statusCode, statusDescription } = properties;
  if (typeof statusCode !== "number") {
    throw appError("router-answer", { what, why: "it has no status" });
  }
  if (statusCode >= 200 && statusCode < 300) return;
  const said = typeof statusDescription === "string" ? statusDescription.slice(0, maxWords) : "";
  throw appError("router-refused", { operation, what, why: `${said} (${statusCode})`.trim() });
}

/** A router repeats whole entities in what it says. */
const maxWords = 300;

function entitiesIn(body: unknown, type: string): Entity[] {
  const { attributeNames, results } = (body ?? {}) as Record<string, unknown>;
  const isSound = Array.isArray(attributeNames) && Array.isArray(results) &&
    attributeNames.every((name) => typeof name === "string") && results.every(Array.isArray);
  if (!isSound) throw appError("router-answer", { what: type, why: "it is no list of entities" });
  return (results as unknown[][]).map((values) => {
    const entity: Record<string, unknown> = Object.create(null); // names may be anything
    (attributeNames as string[]).forEach((name, index) => {
      if (values[index] !== undefined && values[index] !== null) entity[name] = values[index];
    });
    return entity;
  });
}
