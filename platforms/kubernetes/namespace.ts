import { isAppError } from "../../src/errors/app_error.ts";
import type { ApiClient } from "./api/client.ts";

/**
 * Throws `namespace-not-found` for a namespace that is not there. Nothing is thrown where the user
 * may not see it, and what `ApiClient.send` throws otherwise.
 */
export async function requireNamespace(
  api: ApiClient,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await api.send({ verb: "get", kind: "Namespace", name }, signal);
  } catch (error) {
    if (!isAppError(error, "forbidden")) throw error;
  }
}
