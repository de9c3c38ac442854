import type { Kind } from "./kinds.ts";
import type { PlainDocument } from "./yaml.ts";

/** Upstream's renderer names a RouterAccess' credentials after it where the file names none. */
export function withDefaults(kind: Kind, content: PlainDocument): PlainDocument {
  if (kind !== "RouterAccess") return content;
  const { spec, metadata } = content as { spec?: object; metadata?: { name?: unknown } };
  return { ...content, spec: { tlsCredentials: metadata?.name, ...spec } };
}
