/** An entity of a router, as it told it: attributes by name, of any type. */
export type Entity = Readonly<Record<string, unknown>>;

/** The entity types that are asked about (skupper-router's management schema). */
export const entityTypes = {
  connection: "io.skupper.router.connection",
  connector: "io.skupper.router.connector",
  node: "io.skupper.router.router.node",
  router: "io.skupper.router.router",
  site: "io.skupper.router.site",
  sslProfile: "io.skupper.router.sslProfile",
} as const;

export type EntityType = keyof typeof entityTypes;

/** An attribute that is text; "" where it is none. */
export function attributeText(entity: Entity, attribute: string): string {
  const value = entity[attribute];
  return typeof value === "string" ? value : "";
}

/** An attribute that is a whole number; undefined where it is none. */
export function attributeNumber(entity: Entity, attribute: string): number | undefined {
  const value = entity[attribute];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/** The texts of an attribute that is a list. */
export function attributeTexts(entity: Entity, attribute: string): string[] {
  const value = entity[attribute];
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
