import { isAppError } from "../../../src/errors/app_error.ts";
import type { ApiClient } from "./client.ts";

/** APIGroup and APIResourceList of the API server's discovery, as far as is read here. */
interface ApiGroup {
  versions: { version: string }[];
}

interface ApiResourceList {
  resources: { name: string }[];
}

/**
 * Skupper's resources that the API server serves, by plural name, each with its versions. Every
 * user may ask for this. Throws what `ApiClient.send` throws.
 */
export async function listSkupperResources(
  api: ApiClient,
  signal: AbortSignal,
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const name = "skupper.io";
  // what the answers look like is the discovery's contract
  const group = await discover(() =>
    api.send({ verb: "get", kind: "ApiGroup", name }, signal) as Promise<ApiGroup>
  );
  for (const { version } of group?.versions ?? []) {
    const list = await discover(() =>
      api.send({ verb: "get", kind: "ApiGroup", name, subresource: version }, signal) as Promise<
        ApiResourceList
      >
    );
    const plurals = (list?.resources ?? []).map((resource) => resource.name);
    for (const plural of plurals.filter((plural) => !plural.includes("/"))) {
      found.set(plural, [...found.get(plural) ?? [], version]);
    }
  }
  return found;
}

/** A group that has no resource is none. */
async function discover<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isAppError(error, "crd-missing")) return undefined;
    throw error;
  }
}
