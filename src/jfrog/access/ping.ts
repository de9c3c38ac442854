import type { Deadline } from "../../wait/deadline.ts";
import { type AccessServer, type AccessSurroundings, secretsIn } from "../access_server.ts";
import { ask } from "./exchange.ts";
import { blank, describeFailedAnswer } from "./failed_answer.ts";
import { isPage, textOf } from "./json_answer.ts";

/** What Artifactory answers to a ping. */
export interface Pong {
  /** `OK`. */
  said: string;
  /** When it said so by its own clock, in milliseconds since 1970, where it tells. */
  at: number | undefined;
}

/**
 * Asks Artifactory whether it is up. Throws what `ask` and `describeFailedAnswer` do.
 */
export async function pingArtifactory(
  server: AccessServer,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<Pong> {
  const path = "artifactory/api/system/ping";
  const answer = await ask(server, { method: "GET", path }, surroundings, deadline);
  const secrets = secretsIn(server.credentials);
  const said = textOf(answer).trim();
  // a page in its place is a login's or a proxy's
  if (answer.status !== 200 || isPage(said)) {
    throw describeFailedAnswer(answer, server.url + path, secrets);
  }
  const at = Date.parse(answer.headers.date ?? "") + 500; // it has whole seconds, cut off
  return { said: blank(said, secrets), at: Number.isNaN(at) ? undefined : at };
}
