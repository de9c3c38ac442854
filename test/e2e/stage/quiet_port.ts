import { findFreePort } from "../../testbed/server_process.ts";

/** A free port that nothing else takes while a controller is down for a moment, as an option's. */
export async function findQuietPort(): Promise<string> {
  return String(await findFreePort());
}
