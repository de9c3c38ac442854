import type { Deadline } from "../../wait/deadline.ts";
import { type AccessServer, type AccessSurroundings, secretsIn } from "../access_server.ts";
import { ask } from "./exchange.ts";
import { blank, describeFailedAnswer } from "./failed_answer.ts";
import { textOf } from "./json_answer.ts";

/**
 * What Artifactory says when it is asked whether it is up: `OK`. Throws what `ask` and
 * `describeFailedAnswer` do.
 */
export async function pingArtifactory(
  server: AccessServer,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<string> {
  const path = "artifactory/api/system/ping";
  const answer = await ask(server, { method: "GET", path }, surroundings, deadline);
  const secrets = secretsIn(server.credentials);
  const said = textOf(answer).trim();
  // a page in its place is a login's or a proxy's
  if (answer.status === 200 && !said.startsWith("<")) return blank(said, secrets);
  throw describeFailedAnswer(answer, server.url + path, secrets);
}
