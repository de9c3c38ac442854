import { isLabel } from "../../src/resources/names.ts";
import { namespacesFolder } from "./paths.ts";
import { listFolder } from "./store/resource_reader.ts";

/** The namespaces of a data home, upstream's included. Throws `not-readable`. */
export async function listNamespaces(home: string): Promise<string[]> {
  const entries = await listFolder(namespacesFolder(home));
  return entries.filter((entry) => entry.isDirectory() && isLabel(entry.name))
    .map((entry) => entry.name);
}
