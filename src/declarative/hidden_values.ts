import { hiddenValue } from "../resources/hidden_value.ts";
import type { Resource } from "../resources/kinds.ts";

/** What of a Secret everybody may know: certificates. */
const openKeys = ["ca.crt", "tls.crt"];

/** A copy with the codes and keys hidden that let who has them redeem, link or sign. */
export function hideValues(resource: Resource): Resource {
  switch (resource.kind) {
    case "AccessGrant":
    case "AccessToken": {
      const { spec, status } = resource as { spec?: object; status?: object };
      return { ...resource, ...hidden({ spec, status }) } as Resource;
    }
    case "Secret": {
      const { data, stringData } = resource;
      const shown = { ...resource, ...hidden({ data, stringData }, openKeys) };
      const applied = "kubectl.kubernetes.io/last-applied-configuration";
      const { annotations } = resource.metadata;
      if (annotations?.[applied] === undefined) return shown as Resource;
      return {
        ...shown,
        metadata: { ...resource.metadata, annotations: { ...annotations, [applied]: hiddenValue } },
      } as Resource;
    }
    default:
      return resource;
  }
}

/** The parts with their values hidden: `code`, or all but the open ones. */
function hidden(parts: Record<string, object | null | undefined>, open?: string[]): object {
  return Object.fromEntries(
    Object.entries(parts).filter(([, part]) => part !== undefined).map(([name, part]) => [
      name,
      part && Object.fromEntries(
        Object.entries(part).map(([key, value]) => {
          const isHidden = open === undefined ? key === "code" : !open.includes(key);
          return [key, isHidden ? hiddenValue : value];
        }),
      ),
    ]),
  );
}

/** Where a document holds the mark of a hidden value, but for its status, which is not read. */
export function findHidden(document: object): string | undefined {
  const { status: _, ...read } = document as Record<string, unknown>;
  return search(read, []);
}

function search(value: unknown, path: string[]): string | undefined {
  if (value === hiddenValue) return path.join(".");
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = search(inner, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}
