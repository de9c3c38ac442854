import { InvalidArgumentError } from "@commander-js/extra-typings";

/** A resource's name with its kind, as kubectl's `-o name` has it: `link.skupper.io/east`. */
export function qualifiedName(kind: string, name: string, apiVersion = "skupper.io/v2"): string {
  const [group, version] = apiVersion.split("/");
  const suffix = version === undefined ? "" : `.${group}`; // Secrets are of no group
  return `${kind.toLowerCase()}${suffix}/${name}`;
}

/** The names of the resources that data are, or are a list of. */
export function resourceNames(data: unknown): string[] {
  if (Array.isArray(data)) return data.flatMap(resourceNames);
  if (typeof data !== "object" || data === null) return [];
  const { kind, apiVersion, metadata, items } = data as {
    kind?: string;
    apiVersion?: string;
    metadata?: { name?: string };
    items?: unknown[];
  };
  if (Array.isArray(items)) return resourceNames(items);
  return kind === undefined || metadata?.name === undefined
    ? []
    : [qualifiedName(kind, metadata.name, apiVersion)];
}

/**
 * A parser of a resource's name, by itself or as `qualifiedName` writes it. Throws
 * `InvalidArgumentError` where another kind is named.
 */
export function nameOfKind(kind: string): (text: string) => string {
  const [named, word] = [qualifiedName(kind, ""), kind.toLowerCase()];
  return function parse(text) {
    const found = [named, `${word}/`, `${word}s/`].find((prefix) => text.startsWith(prefix));
    if (found !== undefined) return text.slice(found.length);
    if (!text.includes("/")) return text;
    throw new InvalidArgumentError(`the name of a ${kind}, such as ${named}west`);
  };
}
